from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from optogram.evidence._kinds import sorted_by_kind
from optogram.evidence._view import Patches, SiteView, Stimuli, similarity
from optogram.evidence.facets import Facets, facets
from optogram.statistics.intervals import clopper_pearson

THINGS, PROBES = 20, 2


def tiles(rng: np.random.Generator, photographs: int, share: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Strengths of things [patch, thing], two or so a patch, and what a viewer sees of them."""
    strength = np.where(rng.uniform(size=(photographs * PROBES, THINGS)) < share, rng.uniform(0.6, 1.4, (photographs * PROBES, THINGS)), 0)
    looks = rng.standard_normal((THINGS, 60))
    return strength, strength @ looks + 0.7 * rng.standard_normal((len(strength), 60))


def seen(features: np.ndarray, responses: np.ndarray, stimuli: Stimuli | None = None) -> SiteView:
    photograph = np.repeat(np.arange(len(features) // PROBES), PROBES)
    patches = Patches(similarity(features.astype(np.float32)), photograph % 2, photograph)
    return SiteView(SimpleNamespace(address="site", units=responses.shape[1]), responses.astype(np.float32), patches, stimuli)


def responses(rng: np.random.Generator, strength: np.ndarray, kind: str, units: int, snr: float = 3.0) -> np.ndarray:
    found = np.empty((len(strength), units))
    for unit in range(units):
        own = strength[:, rng.choice(THINGS, 3, replace=False)]
        signal = {"one": own[:, 0], "any": own.max(axis=1), "all": own[:, :2].min(axis=1), "curve": own[:, 0] ** 3}[kind]
        found[:, unit] = snr * signal + rng.standard_normal(len(strength))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_units_of_any_of_three_things_have_facets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    strength, features = tiles(rng, 300)
    found = facets.measure(seen(features, responses(rng, strength, "any", 10)))
    assert (found.q <= 0.05).mean() >= 0.8
    assert found.effect.mean() > 0.15
    assert sum("3 kinds" in note for note in found.notes) >= 5
    low, high = facets.interval(seen(features, responses(rng, strength, "any", 10)), found)
    assert (low < found.effect).all()
    assert (found.effect < high).all()
    assert facets.families(found, [found]).observed == pytest.approx(found.effect.mean())


@pytest.mark.parametrize("kind", ["one", "all", "curve"])
def test_units_of_one_thing_have_none(kind: str) -> None:
    """One thing, two things only together, and one thing by a steep curve."""
    rng = np.random.default_rng(3)
    claims = 0
    for _ in range(12):
        strength, features = tiles(rng, 120, 0.3 if kind == "all" else 0.1)
        claims += bool((facets.measure(seen(features, responses(rng, strength, kind, 8))).q <= 0.05).any())
    assert clopper_pearson(claims, 12).low <= 0.05


def test_a_null_that_is_too_strict_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[Facets.__module__]
    monkeypatch.setattr(module, "NEGLIGIBLE", -0.05)
    rng = np.random.default_rng(4)
    claims = 0
    for _ in range(6):
        strength, features = tiles(rng, 120)
        claims += bool((facets.measure(seen(features, responses(rng, strength, "one", 8))).q <= 0.05).any())
    assert clopper_pearson(claims, 6).low > 0.05


def test_units_of_nothing_have_none() -> None:
    rng = np.random.default_rng(5)
    claims = 0
    for _ in range(20):
        _, features = tiles(rng, 100)
        claims += bool((facets.measure(seen(features, rng.standard_normal((len(features), 8)))).q <= 0.05).any())
    assert clopper_pearson(claims, 20).low <= 0.05


def test_the_effect_is_the_partial_correlation() -> None:
    """By two regressions of one half at a time, from the same kinds."""
    from scipy import stats

    from optogram.evidence.identification import likeness

    rng = np.random.default_rng(7)
    strength, features = tiles(rng, 120)
    shown = seen(features, responses(rng, strength, "any", 1))
    found, halves = facets.measure(shown), []
    for fold in (0, 1):
        own, other = (np.flatnonzero((shown.patches.fold == fold) == same) for same in (True, False))
        best, taken = [], set()
        for row in sorted(own, key=lambda row: -shown.responses[row, 0]):
            if shown.patches.photograph[row] not in taken:
                best.append(row)
                taken.add(shown.patches.photograph[row])
        best = np.array(best[:24])
        among = shown.patches.similarity[np.ix_(best, best)].astype(float)
        apart = np.clip(1 - (among + among.T) / 2, 0, None) * ~np.eye(24, dtype=bool)
        kind = sorted_by_kind(apart[None])[0]
        near = np.stack([likeness(shown.patches, best[kind == one][:, None], other)[:, 0] for one in range(kind.max() + 1)], 1)
        ranks = stats.rankdata(shown.responses[other, 0])
        design = np.column_stack([np.ones(len(other)), near])
        fit = design @ np.linalg.pinv(design) @ ranks
        design = np.column_stack([design, (fit - ranks.mean()) ** 2])
        rest = [value - design @ np.linalg.pinv(design) @ value for value in (ranks, near.max(axis=1))]
        halves.append(np.corrcoef(*rest)[0, 1])
    assert found.effect[0] == pytest.approx(np.mean(halves), abs=1e-3)


def test_what_cannot_be_tested_says_why() -> None:
    rng = np.random.default_rng(8)
    strength, features = tiles(rng, 60)
    few = facets.measure(seen(features, responses(rng, strength, "one", 3)))
    assert few.notes[0] == "fewer than 48 photographs (groups counted once) in each half"
    strength, features = tiles(rng, 100)
    own = responses(rng, strength, "one", 3)
    own[:, 1] = 0
    assert np.flatnonzero(~facets.measure(seen(features, own)).tested).tolist() == [1]
    crops = Stimuli((None,) * 100, np.arange(100) // 4 * 2 + np.arange(100) % 2)
    assert not facets.measure(seen(features, own, crops)).tested.any(), "crops of one photograph count once"
