from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import optogram as og
from optogram.errors import InputError, SettingError
from optogram.evidence._bank import Bank
from optogram.evidence._judge import site_views
from optogram.evidence._view import Patches, SiteView, similarity
from optogram.geometry import Box
from optogram.lab._choices import ALPHA, Seen, accuracy, human, paired, shares, two_images
from optogram.lab._occlusion import hidden, squares, two_occlusions
from optogram.lab.psychophysics import _people, psychophysics
from optogram.network.receptive_field import fields_of
from optogram.zoo._circuits import truth
from optogram.zoo._tiles import draw


def view(strength: float, units: int = 10, photographs: int = 80) -> SiteView:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((photographs, 12))
    responses = strength * features @ rng.standard_normal((12, units)) + rng.standard_normal((photographs, units))
    patches = Patches(similarity(features.astype(np.float32)), np.arange(photographs) % 2, np.arange(photographs))
    return SiteView(SimpleNamespace(address="site", units=units), responses.astype(np.float32), patches)


def test_peoples_published_choices_are_reproduced(shared_data: Callable[..., Path]) -> None:
    """92 +- 2 % with natural references and 82 +- 4 % with synthesised ones; 73 and 65 with one of each."""
    choices = human(shared_data("human"))
    for condition, mean, reach in (("natural", 0.92, 0.02), ("optimized", 0.82, 0.04)):
        found = accuracy(choices[condition])
        assert (round(found.mean, 2), round((found.high - found.low) / 2, 2)) == (mean, reach)
        assert (found.observers, found.trials) == (10, 450)
    assert round(accuracy(choices["natural Max-1"]).mean, 2) == 0.73
    assert round(accuracy(choices["optimized Max-1"]).mean, 2) == 0.65
    apart = paired(shares(choices["natural"]), shares(choices["optimized"]))
    assert apart.low > 0.05
    assert accuracy(choices["none"]).high < 0.5, "without references people choose the weaker image more often"
    sentences = [found.sentence for found in _people(shared_data("human"))]
    assert sentences[0] == "415 of 450 choices of 10 people are right with natural exemplars: 92 %, 90 % to 94 % (published: 92 %)."


def test_each_observer_counts_the_same() -> None:
    choices = [("a", True)] * 9 + [("a", False)] + [("b", True), ("b", False)]
    found = accuracy(choices)
    assert found.mean == pytest.approx((0.9 + 0.5) / 2)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * np.std([0.9, 0.5], ddof=1) / np.sqrt(2))
    assert (found.right, found.trials) == (10, 12)
    with pytest.raises(InputError, match="at least two"):
        accuracy([("a", True)])


def test_the_task_is_the_published_one() -> None:
    """One unit by hand: references of one fold, queries of the other, strong against weak."""
    shown = view(1.0, units=1)
    seen = two_images(shown, 8, 0)
    assert seen.evidence.shape == (1, 8)
    same = shown.patches.similarity
    for fold in (0, 1):
        own, other = ([row for row in range(80) if (row % 2 == fold) == inside] for inside in (True, False))
        ranked = sorted(own, key=lambda row: shown.responses[row, 0])
        queries = sorted(other, key=lambda row: shown.responses[row, 0])

        def cosine(query: int, refs: list[int]) -> float:
            return float(same[refs, query].mean() / np.sqrt(same[np.ix_(refs, refs)].mean()))

        score = {query: cosine(query, ranked[-9:]) - cosine(query, ranked[:9]) for query in other}
        strong, weak = (sorted(score[query] for query in part) for part in (queries[-4:], queries[:4]))
        evidence = seen.evidence[0, 4 * fold : 4 * fold + 4]
        assert evidence.sum() == pytest.approx(sum(strong) - sum(weak), abs=1e-4)


def test_what_a_viewer_can_see_it_chooses_rightly_and_else_not() -> None:
    assert accuracy(two_images(view(3.0), 20, 0).choices()).mean > 0.9
    blind = accuracy(two_images(view(0.0, units=40), 20, 0).choices())
    assert blind.low < 0.5 < blind.high
    strangers = (np.arange(10) + 3) % 10
    assert accuracy(two_images(view(3.0), 20, 0, strangers).choices()).mean < 0.75
    with pytest.raises(InputError, match="needs 20 patches"):
        two_images(view(1.0, photographs=30), 20, 0)


def test_the_score_is_its_formula() -> None:
    evidence = np.array([[0.5, -0.25], [1.0, 0.0]])
    assert Seen(evidence).score() == pytest.approx(np.mean([1 / (1 + np.exp(-ALPHA * value)) for value in evidence.ravel()]))
    assert [right for _, right in Seen(evidence).choices()] == [True, False, True, False]


def test_the_machine_is_told_beside_untrained_twins(quick: Callable[[str], Any]) -> None:
    result = quick("psychophysics").result
    machine, wrong, twins = (result.finding(name) for name in ("machine", "machine-wrong-references", "machine-untrained"))
    assert machine.value == pytest.approx(result.machine.mean())
    assert machine.low > 0.5, "the units' references say something"
    assert wrong.value < machine.value
    assert twins.value == pytest.approx(result.twins.mean())
    assert f"{(result.twins >= machine.value).sum()} of 3 untrained twins" in twins.sentence
    assert "3 twins cannot show more" in twins.sentence
    assert result.finding("interpretability-score").sentence.endswith("beyond them.")
    occlusion, untrained = (result.finding(name) for name in ("occlusion", "occlusion-untrained"))
    assert occlusion.value == pytest.approx(result.occlusion.mean())
    assert "of pairs of occlusions are told apart" in occlusion.sentence
    assert untrained.value == pytest.approx(result.occlusion_twins.mean())
    assert len(result.occlusion_twins) == 3


def test_the_squares_are_nine_and_lie_in_the_image() -> None:
    found = squares(Box(-4, 2, 16, 22), 20, 20)
    assert len(found) == 9
    side = round(0.4 * 16)
    assert {(one.height, one.width) for one in found} == {(side, side)}
    assert (min(one.top for one in found), max(one.bottom for one in found)) == (0, 16)
    assert (min(one.left for one in found), max(one.right for one in found)) == (2, 20)
    frame = torch.arange(48, dtype=torch.uint8).view(3, 4, 4)
    covered = hidden(frame, Box(1, 1, 3, 3))
    assert covered[0, 1:3, 1:3].unique().tolist() == [8]
    covered[:, 1:3, 1:3] = frame[:, 1:3, 1:3]
    assert torch.equal(covered, frame)


def occlusions(snr: float, strangers: bool = False) -> Seen:
    """The planted templates, each of whose waves fills a tile: what is hidden least is still most like it."""
    known = truth("cnn", snr, 5)
    photos = og.open_images(draw(60, 6).pixels)
    sweep = og.sweep(known.network, photos, sites=["units"], progress=False)
    site = known.network.site("units")
    view = site_views(known.network, photos, sweep, [site], Bank(), False, keep=True)["units"]
    field, places = fields_of(known.network, [site])["units"], sweep.panel.probe_places("units")
    boxes = [[field.box(site.place_at(int(place))) for place in row] for row in places]
    frames = sweep.panel.images(known.network, photos)
    asked = np.arange(8)
    return two_occlusions(known.network, view, Bank(), frames, boxes, places, asked, 10, np.roll(asked, 4) if strangers else None)


def test_a_viewer_finds_the_occlusion_that_leaves_more() -> None:
    own = accuracy(occlusions(6.0).choices())
    assert own.trials == 80
    assert own.low > 0.5
    assert accuracy(occlusions(6.0, strangers=True).choices()).mean < own.mean


def test_wrong_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="even number"):
        psychophysics(trials=3)
    with pytest.raises(InputError, match="open data of Borowski"):
        psychophysics(human_data=str(tmp_path))
