from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.evidence.pictured import pictured

from optogram.evidence.reliable import reliable
from optogram.statistics.identification import wrong_picture
from optogram.statistics.intervals import clopper_pearson


def test_measure_equals_a_slow_loop() -> None:
    shown = pictured(np.random.default_rng(3), units=4, photographs=24)
    one, other = shown.recorded["raised"].likeness, shown.recorded["again"].likeness
    matrix = np.zeros((4, 4))
    for fold in (0, 1):
        rows = np.flatnonzero(shown.patches.fold != fold)
        matrix += np.array([[stats.spearmanr(other[rows, i], one[rows, j]).statistic for j in range(4)] for i in range(4)]) / 2
    found, expected = reliable.measure(shown), wrong_picture(matrix)
    np.testing.assert_allclose(found.effect, expected.margin, rtol=1e-4)
    assert found.notes[2] == f"Pictures from two starts rank the patches alike to {matrix[2, 2]:.2f} (Spearman)"


def test_pictures_that_come_out_the_same_are_found() -> None:
    found = reliable.measure(pictured(np.random.default_rng(0), units=32, blur=0.6))
    assert (found.q <= 0.05).mean() >= 0.9
    assert reliable.families(found, []).observed >= 0.9


@pytest.mark.parametrize("families", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_pictures_that_come_out_anew_each_time_are_claimed_in_at_most_five_per_cent(families: int) -> None:
    rng = np.random.default_rng(1)
    claims = 0
    for _ in range(families):
        shown, other = pictured(rng, 12, 24, blur=0.0), rng.permutation(12)
        while (other == np.arange(12)).any():
            other = rng.permutation(12)
        again = replace(shown.recorded["again"], likeness=shown.recorded["again"].likeness[:, other])
        claims += bool((reliable.measure(replace(shown, recorded={**shown.recorded, "again": again})).q <= 0.05).any())
    assert clopper_pearson(claims, families).low <= 0.05


def test_it_says_nothing_about_learning() -> None:
    assert not reliable.beyond_twins
