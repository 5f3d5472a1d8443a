from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from optogram.evidence._view import Patches, SiteView, Stimuli, similarity
from optogram.evidence.alike import Half, alike, best_of, effects
from optogram.statistics.intervals import clopper_pearson

UNITS, PROBES = 12, 2


def seen(features: np.ndarray, responses: np.ndarray, crops: int = 1) -> SiteView:
    """Patches in a viewer's eyes; `crops` photographs are of one scene, and scenes alternate between the halves."""
    photograph = np.repeat(np.arange(len(features) // PROBES), PROBES)
    scene = photograph // crops
    patches = Patches(similarity(features.astype(np.float32)), scene % 2, photograph)
    stimuli = Stimuli((None,) * (photograph.max() + 1), np.arange(photograph.max() + 1) // crops)
    return SiteView(SimpleNamespace(address="site", units=responses.shape[1]), responses.astype(np.float32), patches, stimuli)


def planted(rng: np.random.Generator, photographs: int, strength: float, crops: int = 1) -> SiteView:
    """Units that answer to one direction each of what the viewer sees, by `strength` standard deviations of their noise."""
    scenes = np.repeat(rng.standard_normal((photographs // crops, 24)), crops * PROBES, axis=0)
    features = scenes + (0.3 if crops > 1 else 1.0) * rng.standard_normal(scenes.shape)
    noise = np.repeat(rng.standard_normal((photographs // crops, UNITS)), crops * PROBES, axis=0)
    directions = rng.standard_normal((24, UNITS)) / np.sqrt(24)
    own = rng.standard_normal((len(features), UNITS))
    return seen(features, strength * features @ directions + (noise + 0.3 * own if crops > 1 else own), crops)


def test_units_of_one_thing_have_exemplars_alike() -> None:
    found = alike.measure(planted(np.random.default_rng(1), 200, 1.5))
    assert (found.q <= 0.05).mean() >= 0.8
    assert found.effect.mean() > 0.1
    assert found.floor <= found.p.min()
    assert alike.families(found, [found]).observed == pytest.approx(found.effect.mean())


def test_one_unit_by_hand() -> None:
    shown = planted(np.random.default_rng(2), 60, 1.0)
    found = effects(shown, [Half.of(shown, 0), Half.of(shown, 1)])
    unit, same, totals = 3, shown.patches.similarity, []
    for fold in (0, 1):
        best = {}
        for photograph in range(60):
            rows = np.flatnonzero(shown.patches.photograph == photograph)
            best[photograph] = max(rows, key=lambda row: shown.responses[row, unit])
        halves = [[best[photo] for photo in range(60) if (photo % 2 == fold) == inside] for inside in (True, False)]
        exemplars = sorted(halves[0], key=lambda row: shown.responses[row, unit])[-9:]
        tenth = sorted(halves[1], key=lambda row: shown.responses[row, unit])[-9:]

        def like(row: int, among: list[int]) -> float:
            return float(same[among, row].mean() / np.sqrt(same[np.ix_(among, among)].mean()))

        near = {row: like(row, exemplars) for row in halves[1]}
        totals.append(np.mean([near[row] for row in tenth]) - np.mean(list(near.values())))
    assert found[unit] == pytest.approx(np.mean(totals), abs=1e-5)


def claiming(families: int, crops: int, forget: bool = False) -> int:
    rng = np.random.default_rng(4)
    claims = 0
    for _ in range(families):
        shown = planted(rng, 48 * crops, 0.0, crops)
        if forget:
            shown = replace(shown, stimuli=Stimuli(shown.stimuli.label, np.arange(48 * crops)))
        claims += bool((alike.measure(shown).q <= 0.05).any())
    return claims


@pytest.mark.parametrize("crops", [1, 4])
def test_without_truth_at_most_five_per_cent_of_families_claim_anything(crops: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[Half.__module__], "POOL", 600)
    assert clopper_pearson(claiming(30, crops), 30).low <= 0.05


def test_crops_counted_as_photographs_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[Half.__module__], "POOL", 600)
    assert clopper_pearson(claiming(10, 4, forget=True), 10).low > 0.05, "the calibration can fail"


def test_dealing_moves_whole_groups() -> None:
    shown = planted(np.random.default_rng(5), 48, 1.0, 4)
    half = Half.of(shown, 0)
    dealt = half.dealt(np.random.default_rng(0))
    for name in np.unique(half.group):
        rows = dealt.value[0, half.group == name]
        sources = {int(half.group[np.flatnonzero(half.value[0] == value)[0]]) for value in rows}
        assert len(sources) == 1
    assert sorted(dealt.value[0]) == sorted(half.value[0])
    assert not np.array_equal(dealt.value, half.value)


def test_the_interval_covers_what_more_photographs_say() -> None:
    rng = np.random.default_rng(6)
    shown = planted(rng, 120, 1.5)
    found = alike.measure(shown)
    low, high = alike.interval(shown, found)
    assert (low <= found.effect).all()
    assert (found.effect <= high).all()
    assert 0.005 < np.median(high - low) < 0.4


def test_what_cannot_be_tested_says_why() -> None:
    few = alike.measure(planted(np.random.default_rng(7), 30, 1.0))
    assert not few.tested.any()
    assert few.notes[0] == "fewer than 18 photographs in each half"
    dead = planted(np.random.default_rng(8), 60, 1.0)
    dead.responses[:, 2] = 0.5
    assert np.flatnonzero(~alike.measure(dead).tested).tolist() == [2]


@pytest.mark.parametrize("together", [1, 3])
def test_the_strongest_are_dealt_with_their_responses(together: int) -> None:
    """Where each group is one photograph they are not sought anew; where groups differ in size some responses are dealt twice."""
    rng = np.random.default_rng(1)
    value = rng.permutation(300).reshape(3, 100).astype(np.float32)
    group = np.arange(100) // together
    half = Half(0, group, np.arange(100)[:, None], np.zeros((3, 100), np.int64), value, best_of(value))
    for _ in range(3):
        half = half.dealt(rng)
        np.testing.assert_array_equal(np.take_along_axis(half.value, half.best, axis=1), np.sort(half.value, axis=1)[:, -10:])
