from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.evidence.pictured import pictured

from optogram.evidence._view import Patches, SiteView
from optogram.evidence.reached import reached
from optogram.statistics.gate import family_gate
from optogram.statistics.intervals import clopper_pearson


def driven(rng: np.random.Generator, times: float | np.ndarray, units: int = 12, photographs: int = 100) -> SiteView:
    """A site whose pictures reach so many times the photographs' range."""
    shown = pictured(rng, units, photographs)
    mean, most = shown.responses.mean(axis=0), np.quantile(shown.responses.astype(np.float64), 0.99, axis=0)
    shown.recorded["raised"].reached[:] = mean + times * (most - mean)
    return shown


def test_the_effect_is_the_multiple_that_was_planted() -> None:
    times = np.linspace(0.5, 30, 12)
    shown = driven(np.random.default_rng(0), times)
    found = reached.measure(shown)
    np.testing.assert_allclose(found.effect, times, rtol=1e-4)
    assert reached.families(found, []).observed == pytest.approx(np.log(times).mean(), rel=1e-4)
    low, high = reached.interval(shown, found)
    assert ((low < times) & (times < high)).all()
    assert (high - low < times).all()


def test_p_counts_photographs_not_patches() -> None:
    shown = driven(np.random.default_rng(1), 0.6)
    found = reached.measure(shown)
    value = shown.recorded["raised"].reached
    for unit in (0, 5):
        count = sum(shown.responses[shown.patches.photograph == photo, unit].max() >= value[unit] for photo in range(100))
        assert (found.at_least[unit], found.draws) == (count, 100)
        assert found.p[unit] == pytest.approx((1 + count) / 101)
    assert found.floor == pytest.approx(1 / 101)


def test_what_lies_beyond_photographs_is_found() -> None:
    assert (reached.measure(driven(np.random.default_rng(2), 3.0)).q <= 0.05).all()
    assert not (reached.measure(driven(np.random.default_rng(2), 0.5)).q <= 0.05).any()


def without(shown: SiteView, rows: np.ndarray) -> SiteView:
    """The view without some patches."""
    kept = shown.patches
    patches = Patches(kept.similarity[~rows][:, ~rows], kept.fold[~rows], kept.photograph[~rows])
    return replace(shown, responses=shown.responses[~rows], patches=patches)


@pytest.mark.parametrize("families", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_pictures_as_good_as_a_photograph_are_claimed_in_at_most_five_per_cent(families: int) -> None:
    rng = np.random.default_rng(3)
    claims = 0
    for _ in range(families):
        shown = pictured(rng, 6, 100)
        last = shown.patches.photograph == 99
        shown.recorded["raised"].reached[:] = shown.responses[last].max(axis=0)
        claims += bool((reached.measure(without(shown, last)).q <= 0.05).any())
    assert clopper_pearson(claims, families).low <= 0.05


def test_twins_that_reach_farther_close_the_gate() -> None:
    """An untrained network's pictures reach farther beyond its photographs than a trained one's: the claim then shows nothing."""
    rng = np.random.default_rng(4)
    own = reached.measure(driven(rng, 4.0))
    twins = [reached.measure(driven(rng, 40.0), own) for _ in range(24)]
    families = reached.families(own, twins)
    assert family_gate(families.observed, families.twins).p == 1
    assert (own.q <= 0.05).all(), "its own null alone would have been taken in"
    swapped = reached.families(twins[0], [own] * 24)
    assert family_gate(swapped.observed, swapped.twins).p == pytest.approx(0.04)
