"""Claims about maps: on linear networks, whose right maps are known, and by methods that are right, wrong, or an edge detector."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from tests.metrics.planted import SIDE, Linear, backwards, edge_detector

import optogram as og
from optogram.errors import SettingError
from optogram.evidence._mapped import Mapped
from optogram.evidence._maps import CONTESTS, Maps, contests, strongest
from optogram.evidence._result import Evidence
from optogram.evidence._view import Patches, SiteView, Stimuli
from optogram.evidence.faithful import faithful
from optogram.evidence.sane import sane
from optogram.metrics._crossed import crossed_mean, crossed_p
from optogram.statistics.intervals import clopper_pearson

TWINS = 1


def view(units: int, recorded: dict[str, object]) -> SiteView:
    photograph = np.repeat(np.arange(20), 2)
    patches = Patches(np.eye(40, dtype=np.float32), photograph % 2, photograph)
    return SiteView(SimpleNamespace(address="site", units=units), np.zeros((40, units), np.float32), patches, recorded=recorded)


def judged(claim: str, method: object, units: int = 3, **settings: object) -> Evidence:
    """A linear network of positive weights asked about photographs of noise."""
    net = og.Network(Linear(), og.Preprocess(size=SIDE), name="linear")
    photos = og.open_images(np.random.default_rng(1).integers(0, 256, (24, SIDE, SIDE, 3)).astype(np.uint8))
    maps = {"method": method, "units": units, "photographs": 7, **settings}
    return og.judge(net, photos, sites=["head"], claims=[claim], maps=maps, twins=TWINS, progress=False)


def asked(found: Evidence) -> list[object]:
    return [row for row in found if row.p == row.p]


def test_right_maps_are_sane_and_an_edge_detectors_are_not() -> None:
    right, wrong = asked(judged("sane", "gradient")), asked(judged("sane", edge_detector))
    assert len(right) == len(wrong) == 3
    assert {row.verdict for row in right} == {"stands"}
    assert {row.verdict for row in wrong} == {"can't tell"}
    for row in right:
        assert 0 < row.p <= row.q
        assert row.low <= row.effect <= row.high
        assert row.effect > 0.5
        assert "stay alike, where changed: learning" in row.sentence
        assert row.sentence.endswith("not about what the unit learned.")
        assert "Exact test against a map that stays half alike" in row.sentence
    assert all(row.effect == pytest.approx(0, abs=1e-5) and row.p == 1 for row in wrong)


def test_right_maps_are_faithful_and_wrong_ones_are_not() -> None:
    right = asked(judged("faithful", "input_x_gradient", units=2))
    assert {row.verdict for row in right} == {"stands"}
    for row in right:
        assert row.draws == 2**7 - 1
        assert row.p == pytest.approx((1 + row.count) / (1 + row.draws))
        assert row.floor <= row.p <= row.q
        assert 0 < row.low <= row.effect <= row.high
        assert "better by deletion than random" in row.sentence
    for method in (edge_detector, backwards):
        assert "stands" not in {row.verdict for row in asked(judged("faithful", method, units=1))}


def test_what_was_not_asked_is_not_tested_and_twins_are_not_asked() -> None:
    found = judged("faithful", "input_x_gradient", units=1)
    assert len(asked(found)) == 1
    assert len(found) == 4
    other = next(row for row in found if row.p != row.p)
    assert other.sentence == "Not tested: no map was made of it: judge(..., maps={'units': more})."
    assert {row.null for row in found} == {"leads with signs dealt anew"}
    family = found.families[0]
    assert np.isnan(family.families).all()
    assert "ahead of edges and random blotches" in family.sentence


def test_methods_that_refuse_say_why() -> None:
    found = judged("sane", "grad_cam")
    assert not asked(found)
    assert found.rows[0].sentence.startswith("Not tested: ")
    assert "grad_cam" in found.rows[0].sentence.lower() or "spatial" in found.rows[0].sentence


def test_the_contests_are_the_two_metrics_against_both_rivals() -> None:
    net = og.Network(Linear(), og.Preprocess(size=SIDE), name="linear")
    images = torch.rand(6, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    maps = og.attribute(net, images, "head:2", "input_x_gradient", progress=False)
    lead = contests(net, maps, 0)
    assert lead.shape == (6, len(CONTESTS))
    assert CONTESTS == ("insertion than edges", "insertion than random", "deletion than edges", "deletion than random")
    edges = og.attribute(net, images, "head:2", edge_detector, progress=False)
    assert np.abs(contests(net, edges, 0)[:, [0, 2]]).max() < 0.02, "an edge detector is no better than edges"


def null_of_faithful(rng: np.random.Generator, families: int, lead: float) -> int:
    """How many families of 8 units claim anything, where each contest's leads spread by themselves around `lead`; heavy tails."""
    claims = 0
    for _ in range(families):
        leads = {unit: lead + rng.standard_t(3, (10, 4)) * rng.uniform(0.5, 2, (10, 1)) for unit in range(8)}
        known = Maps("gradient", None, {})  # type: ignore[arg-type]
        claims += bool((faithful.measure(view(8, {"maps": known, "removed": leads})).q <= 0.05).any())
    return claims


def test_maps_no_better_than_free_ones_claim_nothing() -> None:
    """All four contests even: far below the level, as all must be won. One that is even among three that are won comes near it."""
    rng = np.random.default_rng(7)
    assert null_of_faithful(rng, 60, 0.0) == 0
    claims = 0
    for _ in range(200):
        lead = np.concatenate([rng.standard_t(3, (10, 1)), 3 + 0.1 * rng.standard_normal((10, 3))], axis=1)
        claims += bool(faithful.measure(view(1, {"maps": Maps("gradient", None, {}), "removed": {0: lead}})).p[0] <= 0.05)  # type: ignore[arg-type]
    assert clopper_pearson(claims, 200).low <= 0.05 <= clopper_pearson(claims, 200).high
    assert null_of_faithful(rng, 20, 4.0) == 20


def likenesses(rng: np.random.Generator, mean: float, photographs: int = 10, draws: int = 4) -> np.ndarray:
    """Photographs and draws crossed, each with an effect of its own."""
    return mean + 0.1 * (rng.standard_normal((photographs, 1)) + rng.standard_normal((1, draws)) + rng.standard_normal((photographs, draws)))


def test_a_map_that_stays_half_alike_is_called_sane_in_no_more_than_one_in_twenty() -> None:
    rng = np.random.default_rng(8)
    claims = 0
    for _ in range(200):
        tables = {"learning": likenesses(rng, 0.5), "upper layers": likenesses(rng, -0.5), "class": likenesses(rng, -0.5)}
        found = sane.measure(view(1, {"maps": Maps("gradient", None, {}), "destroyed": {0: tables}}))  # type: ignore[arg-type]
        assert found.effect[0] == pytest.approx(1 - tables["learning"].mean())
        claims += bool(found.p[0] <= 0.05)
    assert clopper_pearson(claims, 200).low <= 0.05
    assert claims > 0
    low, high = sane.interval(view(1, {"destroyed": {0: tables}}), found)
    _, least, most = crossed_mean(tables["learning"])
    assert (low[0], high[0]) == pytest.approx((1 - most, 1 - least))


def test_p_is_that_of_the_limits() -> None:
    """A p of a half less the level's half is where the limit of that level lies; and Student's for one column."""
    table = likenesses(np.random.default_rng(9), 0.2)
    for level in (0.5, 0.9, 0.99):
        high = crossed_mean(table, level)[2]
        assert crossed_p(table, high) == pytest.approx((1 - level) / 2)
    column = table[:, :1]
    assert crossed_p(column, 0.4) == pytest.approx(stats.ttest_1samp(column[:, 0], 0.4, alternative="less").pvalue)
    assert np.isnan(crossed_p(np.array([[0.1]]), 0.5))
    assert crossed_p(np.full((4, 3), 0.1), 0.5) == pytest.approx(0, abs=1e-12)
    assert crossed_p(np.full((4, 3), 0.25), 0.5) == 0
    assert crossed_p(np.full((4, 3), 0.75), 0.5) == 1


def test_the_strongest_photographs_are_one_of_each_group() -> None:
    shown = view(2, {})
    shown.responses[:, 1] = np.arange(40)[::-1]
    stimuli = Stimuli((None,) * 20, np.arange(20) // 2)
    assert strongest(shown, 1, 3).tolist() == [0, 1, 2]
    grouped = SiteView(shown.site, shown.responses, shown.patches, stimuli)
    assert strongest(grouped, 1, 3).tolist() == [0, 2, 4]


def test_what_is_asked_is_checked() -> None:
    assert Mapped.of(None).name == "guided_backprop"
    assert Mapped.of("gradient") == Mapped("gradient")
    assert Mapped.of({"method": "smoothgrad", "units": 4, "draws": 5}) == Mapped("smoothgrad", 4, settings={"draws": 5})
    assert str(Mapped.of({"method": "smoothgrad", "draws": 5})) == "smoothgrad, 8 units, 10 photographs, draws 5"
    with pytest.raises(SettingError, match="on 6 to 16 photographs; got 8 units, 3 photographs"):
        Mapped.of({"photographs": 3})
