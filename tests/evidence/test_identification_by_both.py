from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.evidence.pictured import pictured

from optogram.evidence._line_up import measured, rate
from optogram.evidence._matched import matrix
from optogram.evidence._pictured import by_both, by_exemplars, by_picture
from optogram.evidence.identification import scores
from optogram.evidence.identification_by_both import identification_by_both
from optogram.statistics.intervals import clopper_pearson


def test_the_score_is_the_sum_of_both_standardised() -> None:
    shown = pictured(np.random.default_rng(0), units=6, photographs=30)
    for fold in (0, 1):
        exemplars, rows = scores(shown, fold)
        picture = (shown.recorded["raised"].likeness - shown.recorded["lowered"].likeness)[rows]
        half = by_both(shown, fold)
        assert half is not None
        np.testing.assert_array_equal(half.seen, rows)
        for unit in range(6):
            one, other = ((values[:, unit] - values[:, unit].mean()) / values[:, unit].std() for values in (picture, exemplars))
            np.testing.assert_allclose(half.scores[:, unit], one + other, rtol=1e-3, atol=1e-4)


def test_two_weak_sources_together_find_more_than_either() -> None:
    together, alone = [], []
    for seed in range(4):
        shown = pictured(np.random.default_rng(seed), units=32, photographs=60, noise=4.0, blur=2.0)
        told = identification_by_both.confounds(shown, identification_by_both.measure(shown))
        together.append(rate(identification_by_both.measure(shown), 32))
        alone.append(max(told["rate by picture alone"], told["rate by photographs alone"]))
        assert told["rate by picture alone"] == pytest.approx(rate(measured(matrix(shown, by_picture)), 32))
        assert told["rate by photographs alone"] == pytest.approx(rate(measured(matrix(shown, by_exemplars)), 32))
    assert np.mean(together) > np.mean(alone) + 0.03
    assert np.mean(together) > 0.3


@pytest.mark.parametrize("families", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_families_without_truth_claim_anything_in_at_most_five_per_cent(families: int) -> None:
    """Pictures of nothing, and responses that have nothing to do with what the viewer sees."""
    rng = np.random.default_rng(5)
    claims = 0
    for _ in range(families):
        shown = pictured(rng, 12, 24, true=False)
        shown = replace(shown, responses=rng.standard_normal(shown.responses.shape).astype(np.float32))
        claims += bool((identification_by_both.measure(shown).q <= 0.05).any())
    assert clopper_pearson(claims, families).low <= 0.05
    assert (identification_by_both.measure(pictured(rng, 12, 24)).q <= 0.05).any(), "the calibration must be able to fail"


def test_only_units_with_pictures_are_compared() -> None:
    shown = pictured(np.random.default_rng(1), drawn=np.array([0, 3, 8]))
    assert np.flatnonzero(identification_by_both.measure(shown).tested).tolist() == [0, 3, 8]
