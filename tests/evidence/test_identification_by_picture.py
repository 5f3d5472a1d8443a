from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.evidence.pictured import pictured

from optogram.evidence._view import SiteView
from optogram.evidence.identification_by_picture import identification_by_picture
from optogram.statistics.identification import wrong_picture
from optogram.statistics.intervals import clopper_pearson


def rate(shown: SiteView) -> float:
    return identification_by_picture.families(identification_by_picture.measure(shown), []).observed


def test_measure_equals_a_slow_loop() -> None:
    shown = pictured(np.random.default_rng(3), units=5, photographs=30)
    up, down = shown.recorded["raised"].likeness, shown.recorded["lowered"].likeness
    matrix = np.zeros((5, 5))
    for fold in (0, 1):
        rows = np.flatnonzero(shown.patches.fold != fold)
        for unit in range(5):
            for picture in range(5):
                score = [up[row, picture] - down[row, picture] for row in rows]
                matrix[unit, picture] += stats.spearmanr(score, shown.responses[rows, unit]).statistic / 2
    found, expected = identification_by_picture.measure(shown), wrong_picture(matrix)
    np.testing.assert_allclose(found.effect, expected.margin, rtol=1e-4)
    np.testing.assert_array_equal(found.at_least, expected.at_least)
    assert rate(shown) == pytest.approx(expected.rate(32))


def test_true_pictures_are_found_and_others_are_not() -> None:
    found = [identification_by_picture.measure(pictured(np.random.default_rng(seed), units=32, photographs=100)) for seed in (0, 1)]
    assert np.mean([(one.q <= 0.05).mean() for one in found]) >= 0.8
    assert rate(pictured(np.random.default_rng(0), units=32)) >= 0.7
    assert rate(pictured(np.random.default_rng(0), units=32, true=False)) < 0.15, "chance is 1 in 32"


def claiming(families: int, true: bool, roll: int = 0) -> int:
    """How many families claim anything of pictures that show nothing of their units, or all of another unit (`roll`)."""
    rng = np.random.default_rng(7)
    claims = 0
    for _ in range(families):
        shown = pictured(rng, 12, 24, true=true)
        made = {name: replace(one, likeness=np.roll(one.likeness, roll, axis=1)) for name, one in shown.recorded.items()}
        claims += bool((identification_by_picture.measure(replace(shown, recorded=made)).q <= 0.05).any())
    return claims


@pytest.mark.parametrize("families", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_families_without_truth_claim_anything_in_at_most_five_per_cent(families: int) -> None:
    assert clopper_pearson(claiming(families, true=False), families).low <= 0.05
    assert clopper_pearson(claiming(families, true=True, roll=1), families).low <= 0.05, "deranged over units"
    assert clopper_pearson(claiming(10, true=True), 10).low > 0.05, "the calibration must be able to fail"


def test_units_without_pictures_are_not_tested_and_say_so() -> None:
    chosen = np.array([1, 4, 5, 9, 12])
    shown = pictured(np.random.default_rng(0), drawn=chosen)
    made = shown.recorded["raised"]
    likeness = made.likeness.copy()
    likeness[:, 4] = np.nan
    broken = replace(made, likeness=likeness, verdict=("dead start", "converged", "converged", "converged", "not finite"))
    found = identification_by_picture.measure(replace(shown, recorded={**shown.recorded, "raised": broken}))
    low, high = identification_by_picture.interval(replace(shown, recorded={**shown.recorded, "raised": broken}), found)
    assert np.flatnonzero(found.tested).tolist() == [1, 4, 5, 9]
    assert np.flatnonzero(~np.isnan(low)).tolist() == np.flatnonzero(~np.isnan(high)).tolist() == [1, 4, 5, 9]
    assert found.notes[0] == "no picture was made of it; 5 of 16 units have one"
    assert (found.notes[1], found.notes[4], found.notes[12]) == ("Its picture failed (dead start)", "", "its picture failed (not finite)")
    assert found.draws == 4 * 3, "the family is those with pictures"


def test_the_interval_holds_the_margin_and_shrinks_with_photographs() -> None:
    widths = []
    for photographs in (40, 160):
        shown = pictured(np.random.default_rng(2), photographs=photographs)
        found = identification_by_picture.measure(shown)
        low, high = identification_by_picture.interval(shown, found)
        assert ((low <= found.effect) & (found.effect <= high)).all()
        widths.append(float(np.median((high - low) / np.abs(found.effect))))
    assert widths[1] < 0.75 * widths[0]
