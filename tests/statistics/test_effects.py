from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from optogram.errors import InputError
from optogram.statistics.effects import auc, d_prime, d_prime_of_auc, median_absolute_deviation, participation_ratio


def test_auc_is_the_share_of_pairs_won() -> None:
    rng = np.random.default_rng(0)
    values, positive = rng.integers(0, 6, size=(40, 3)).astype(float), rng.random(40) < 0.4
    pairs = [[(a > b) + 0.5 * (a == b) for a in values[positive, column] for b in values[~positive, column]] for column in range(3)]
    np.testing.assert_allclose(auc(values, positive), np.mean(pairs, axis=1))
    np.testing.assert_allclose(auc(-values, positive), 1 - auc(values, positive))


def test_d_prime_of_planted_normals_by_both_ways() -> None:
    rng = np.random.default_rng(1)
    positive = np.arange(40_000) < 20_000
    values = rng.standard_normal((40_000, 2)) + positive[:, None] * np.array([1.5, 0])
    np.testing.assert_allclose(d_prime(values, positive), [1.5, 0], atol=0.04)
    np.testing.assert_allclose(d_prime_of_auc(auc(values, positive)), [1.5, 0], atol=0.04)
    assert np.isnan(d_prime(np.ones((4, 1)), np.array([True, True, False, False]))[0])


def test_one_class_is_refused() -> None:
    with pytest.raises(InputError, match="0 of 4 positive"):
        auc(np.ones((4, 1)), np.zeros(4, dtype=bool))


def test_median_absolute_deviation_is_scipys() -> None:
    values = np.random.default_rng(2).standard_normal((5, 9))
    np.testing.assert_allclose(median_absolute_deviation(values, axis=1), stats.median_abs_deviation(values, axis=1))
    np.testing.assert_allclose(median_absolute_deviation(values, axis=0), stats.median_abs_deviation(values, axis=0))


@pytest.mark.parametrize("shape", [(60, 9), (9, 60)])
def test_participation_ratio_is_that_of_the_eigenvalues(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(3).standard_normal(shape) * np.arange(1, shape[1] + 1)
    for standardised, matrix in ((False, np.cov(values.T)), (True, np.corrcoef(values.T))):
        eigenvalues = np.linalg.eigvalsh(matrix)
        expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
        assert participation_ratio(values, standardised=standardised) == pytest.approx(expected)


def test_participation_ratio_of_planted_dimensions() -> None:
    rng = np.random.default_rng(4)
    mixing, _ = np.linalg.qr(rng.standard_normal((50, 7)))
    factors, _ = np.linalg.qr(rng.standard_normal((400, 8)) - 0)
    factors = factors[:, :7] - factors[:, :7].mean(axis=0)
    values = np.linalg.qr(factors)[0] @ mixing.T + 3
    assert participation_ratio(values) == pytest.approx(7)
    assert participation_ratio(values.astype(np.float32)) == pytest.approx(7, rel=1e-4)
    loud = np.concatenate([values, np.zeros((400, 5))], axis=1)
    assert participation_ratio(loud) == pytest.approx(7)
    assert participation_ratio(loud, standardised=True) == pytest.approx(participation_ratio(values, standardised=True))
    assert np.isnan(participation_ratio(np.ones((4, 3))))
