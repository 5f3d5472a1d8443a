from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from optogram.errors import InputError
from optogram.statistics.correlation import spearman_influence, spearman_interval, spearman_matrix, spearman_paired

tables = st.tuples(st.integers(3, 12), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(*(hnp.arrays(np.float32, shape, elements=st.integers(-2, 3).map(float)) for _ in range(2)))
)


def clustered(rng: np.random.Generator, photographs: int, pairs: int, rho: float, rectified: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores and responses of four probes a photograph, both with intraclass correlation .3, `pairs` independent pairs."""
    first = rng.standard_normal((photographs, 1, pairs)), rng.standard_normal((photographs, 4, pairs))
    second = [rho * part + np.sqrt(1 - rho**2) * rng.standard_normal(part.shape) for part in first]
    scores, responses = (np.sqrt(0.3) * shared + np.sqrt(0.7) * own for shared, own in (first, second))
    responses = np.maximum(responses - 0.5, 0) if rectified else responses
    return scores.reshape(-1, pairs), responses.reshape(-1, pairs), np.repeat(np.arange(photographs), 4)


@given(data=tables)
def test_matrix_and_pairs_are_scipys(data: tuple[np.ndarray, np.ndarray]) -> None:
    scores, responses = data
    matrix = spearman_matrix(scores, responses)
    for unit in range(responses.shape[1]):
        for picture in range(scores.shape[1]):
            x, y = scores[:, picture], responses[:, unit]
            expected = np.nan if np.ptp(x) == 0 or np.ptp(y) == 0 else stats.spearmanr(x, y).statistic
            np.testing.assert_allclose(matrix[unit, picture], expected, atol=1e-12)
    np.testing.assert_array_equal(spearman_paired(scores, responses), np.diagonal(matrix))


def test_dead_units_and_nan_are_nan_and_stay_in_their_row() -> None:
    rng = np.random.default_rng(0)
    scores, responses = rng.standard_normal((50, 4)), rng.standard_normal((50, 3))
    responses[:, 1] = 0
    scores[7, 2] = np.nan
    absent = np.isnan(spearman_matrix(scores, responses))
    assert absent[1].all()
    assert absent[:, 2].all()
    assert absent.sum() == 4 + 3 - 1


def test_equal_pictures_tie_exactly() -> None:
    rng = np.random.default_rng(1)
    scores, responses = rng.standard_normal((333, 40)), np.maximum(rng.standard_normal((333, 17)), 0)
    scores[:, 31] = 7 * scores[:, 2] + 1
    matrix = spearman_matrix(scores, responses)
    np.testing.assert_array_equal(matrix[:, 31], matrix[:, 2])


@pytest.mark.parametrize("rectified", [False, True])
def test_influence_is_what_leaving_a_patch_out_does(rectified: bool) -> None:
    rng = np.random.default_rng(3)
    scores, responses, _ = clustered(rng, 100, 2, 0.6, rectified)
    influence = spearman_influence(scores, responses)
    np.testing.assert_allclose(influence.sum(axis=0), 0, atol=1e-9)
    whole = spearman_paired(scores, responses)
    left_out = np.stack([spearman_paired(np.delete(scores, patch, axis=0), np.delete(responses, patch, axis=0)) for patch in range(60)])
    np.testing.assert_allclose(399 * (whole - left_out), influence[:60], atol=0.03)


def test_interval_is_as_wide_as_the_bootstrap_over_photographs() -> None:
    rng = np.random.default_rng(4)
    scores, responses, groups = clustered(rng, 60, 1, 0.5, True)
    limits = spearman_interval(scores, responses, groups)
    chosen = rng.integers(60, size=(400, 60))
    drawn = [stats.spearmanr(scores.reshape(60, 4)[row].ravel(), responses.reshape(60, 4)[row].ravel()).statistic for row in chosen]
    assert float(limits.high[0] - limits.low[0]) == pytest.approx(2 * 2.0 * np.std(drawn), rel=0.15)


def test_coverage_over_photographs() -> None:
    """Measured at nominal 95 %, four probes a photograph, ICC .3: .94 to .96 for rho 0 to .9 and 15 to 200 photographs, zero-heavy responses too.

    An interval that takes patches for independent covers .89 to .94.
    """
    rng = np.random.default_rng(5)
    for rho, photographs, rectified in ((0.0, 15, True), (0.3, 50, False), (0.6, 50, False), (0.9, 50, False)):
        scores, responses, groups = clustered(rng, photographs, 1500, rho, rectified)
        truth = 6 / np.pi * np.arcsin(rho / 2)
        covered = {}
        for name, index in (("photographs", groups), ("patches", np.arange(len(groups)))):
            limits = spearman_interval(scores, responses, index)
            covered[name] = np.mean((limits.low <= truth) & (truth <= limits.high))
        assert covered["photographs"] == pytest.approx(0.95, abs=0.02), (rho, photographs)
        assert covered["patches"] < covered["photographs"]
    assert covered["patches"] < 0.935


def test_a_perfect_correlation_and_a_dead_unit() -> None:
    scores = np.random.default_rng(6).standard_normal((40, 2))
    responses = np.stack([scores[:, 0] ** 3, np.zeros(40)], axis=1)
    limits = spearman_interval(scores, responses, np.repeat(np.arange(10), 4))
    assert (float(limits.low[0]), float(limits.high[0])) == pytest.approx((1, 1))
    assert np.isnan([limits.estimate[1], limits.low[1], limits.high[1]]).all()


def test_errors(unchecked: None) -> None:
    three, four = np.zeros((3, 2)), np.zeros((4, 2))
    with pytest.raises(InputError, match="over the same patches"):
        spearman_matrix(three, four)
    with pytest.raises(InputError, match="its own picture's score"):
        spearman_paired(four, four[:, :1])
    with pytest.raises(InputError, match="at least three of them; got 2"):
        spearman_interval(four, four, np.array([0, 0, 1, 1]))
