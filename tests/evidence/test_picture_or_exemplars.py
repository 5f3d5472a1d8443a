from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.evidence.pictured import pictured

from optogram.evidence import picture_or_exemplars as module
from optogram.evidence._matched import Half, matrix
from optogram.evidence._pictured import by_exemplars, by_picture
from optogram.evidence._view import SiteView
from optogram.evidence.picture_or_exemplars import picture_or_exemplars, pseudo_values, studentised
from optogram.statistics.intervals import clopper_pearson


def test_the_effect_is_the_difference_of_both_advantages() -> None:
    """Own Spearman less the means of its row and column, plus the grand mean."""
    shown = pictured(np.random.default_rng(0))
    found = picture_or_exemplars.measure(shown)
    tables = [matrix(shown, half) for half in (by_picture, by_exemplars)]
    pair = [np.array([s[i, i] - s[i].mean() - s[:, i].mean() + s.mean() for i in range(len(s))]) for s in tables]
    np.testing.assert_allclose(found.effect, pair[0] - pair[1], rtol=1e-4, atol=1e-4)
    assert found.notes[3] == f"Spearman {pair[0][3]:+.2f} over wrong ones by its picture, {pair[1][3]:+.2f} by its photographs"


def test_the_better_one_is_named_for_each_unit() -> None:
    """Sharp pictures and noisy responses, so that exemplars are poor; then pictures of nothing."""
    sharp = pictured(np.random.default_rng(1), units=24, photographs=100, noise=3.0, blur=0.1)
    blind = pictured(np.random.default_rng(1), units=24, photographs=100, noise=0.3, true=False)
    found, other = picture_or_exemplars.measure(sharp), picture_or_exemplars.measure(blind)
    assert np.mean((found.q <= 0.05) & (found.effect > 0)) > 0.3
    assert not ((found.q <= 0.05) & (found.effect < 0)).any()
    assert np.mean((other.q <= 0.05) & (other.effect < 0)) > 0.8
    told = picture_or_exemplars.confounds(blind, other)
    assert told["units whose photographs are better"] == ((other.q <= 0.05) & (other.effect < 0)).sum()
    assert told["rate by photographs"] > 0.8 > 0.2 > told["rate by picture"]


def equally_good(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """Both score patches by the truth with as much noise, drawn anew for each patch: neither is better, however many photographs there are."""
    kept: dict[tuple[int, str, int], np.ndarray] = {}

    def half(name: str) -> object:
        def scored(view: SiteView, fold: int) -> Half:
            key = (id(view), name, fold)
            seen = np.flatnonzero(view.patches.fold != fold)
            if key not in kept:
                kept[key] = view.responses[seen] + rng.standard_normal((len(seen), view.responses.shape[1])).astype(np.float32)
            return Half(kept[key], view.responses[seen], seen)

        return scored

    monkeypatch.setattr(module, "by_picture", half("picture"))
    monkeypatch.setattr(module, "by_exemplars", half("exemplars"))


@pytest.mark.parametrize("families", [24, pytest.param(600, marks=pytest.mark.slow)])
def test_two_that_serve_alike_are_told_apart_in_at_most_five_per_cent(families: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    equally_good(monkeypatch, rng)
    shown = [pictured(rng, 12, 60) for _ in range(families)]
    found = [picture_or_exemplars.measure(one) for one in shown]
    claims = sum(bool((one.q <= 0.05).any()) for one in found)
    assert clopper_pearson(claims, families).low <= 0.05
    alone = np.concatenate([one.p for one in found])
    assert 0.3 < np.median(alone) < 0.7, "p is uniform where there is nothing to find"
    low, high = zip(*(picture_or_exemplars.interval(view, one) for view, one in zip(shown[:10], found, strict=False)), strict=True)
    assert np.mean((np.concatenate(low) <= 0) & (np.concatenate(high) >= 0)) > 0.9


def test_pseudo_values_are_those_of_a_mean() -> None:
    """Student's t of the pseudo-values; exchanging a block turns its sign."""
    values = pseudo_values(pictured(np.random.default_rng(3), units=6))
    assert values is not None
    np.testing.assert_allclose(studentised(values), stats.ttest_1samp(values, 0).statistic, rtol=1e-6)
    np.testing.assert_allclose(studentised(-values), -studentised(values))


def test_the_interval_is_the_one_of_the_pseudo_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Student's, by scipy; they are taken once, since they cost more than all the rest."""
    shown = pictured(np.random.default_rng(5), units=6, photographs=60)
    values = pseudo_values(shown)
    assert values is not None
    found = picture_or_exemplars.measure(shown)
    monkeypatch.setattr(module, "pseudo_values", lambda view: pytest.fail("taken twice"))
    low, high = picture_or_exemplars.interval(shown, found)
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values, axis=0)
    np.testing.assert_allclose(low, found.effect - half, rtol=1e-6)
    np.testing.assert_allclose(high, found.effect + half, rtol=1e-6)


def test_units_without_pictures_are_not_compared() -> None:
    shown = pictured(np.random.default_rng(4), drawn=np.array([2, 3, 5, 7, 11, 13]))
    found = picture_or_exemplars.measure(shown)
    assert np.flatnonzero(found.tested).tolist() == [2, 3, 5, 7, 11, 13]
    low, high = picture_or_exemplars.interval(shown, found)
    assert ((low <= found.effect) & (found.effect <= high))[found.tested].all()
