"""Effect sizes, each beside the p that it belongs to: discrimination (AUC, d'), spread, diversity."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy import special, stats

from optogram.errors import InputError


def auc(values: Float[np.ndarray, "sample column"], positive: Bool[np.ndarray, " sample"]) -> Float[np.ndarray, " column"]:
    """Chance that a positive sample's value exceeds a negative one's, ties counting half: .5 is none, 1 perfect (Mann-Whitney U / n m)."""
    first, second = _classes(values, positive)
    ranks = stats.rankdata(values, axis=0)
    wins = ranks[positive].sum(axis=0) - len(first) * (len(first) + 1) / 2
    return np.asarray(wins / (len(first) * len(second)))


def d_prime(values: Float[np.ndarray, "sample column"], positive: Bool[np.ndarray, " sample"]) -> Float[np.ndarray, " column"]:
    """Difference of the two means over the root of the mean of the two variances (n - 1). NaN where both are constant."""
    first, second = _classes(values, positive)
    spread = np.sqrt((first.var(axis=0, ddof=1) + second.var(axis=0, ddof=1)) / 2)
    return np.asarray((first.mean(axis=0) - second.mean(axis=0)) / np.where(spread > 0, spread, np.nan))


def d_prime_of_auc(area: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """The d' of two equal-variance normals with that AUC: sqrt(2) times the normal quantile."""
    return np.asarray(np.sqrt(2) * special.ndtri(area))


def median_absolute_deviation(values: Float[np.ndarray, "..."], axis: int = -1) -> Float[np.ndarray, "..."]:
    """Median of the absolute deviations from the median, unscaled (.6745 sigma for a normal)."""
    return np.asarray(np.median(np.abs(values - np.median(values, axis=axis, keepdims=True)), axis=axis))


def participation_ratio(responses: Float[np.ndarray, "sample unit"], *, standardised: bool = False) -> float:
    """How many dimensions the units' responses fill: (sum of eigenvalues)^2 / sum of their squares, of the covariance; 1 to the number of units.

    `standardised` uses the correlation instead, so that loud units don't count for more. Constant units add nothing; NaN if all are. Twins'
    responses fill few dimensions, so their units are harder to tell apart: report it beside every identification rate.
    """
    centred = responses.astype(np.float64) - responses.mean(axis=0, dtype=np.float64)
    if standardised:
        spread = centred.std(axis=0)
        centred = centred[:, spread > 0] / spread[spread > 0]
    total = np.sum(centred**2)
    if not total > 0:
        return float("nan")
    scaled = (centred / np.sqrt(total)).astype(np.float32)  # the sums of squares are in double precision, their terms need not be
    narrow = scaled.T @ scaled if scaled.shape[1] <= scaled.shape[0] else scaled @ scaled.T
    return float(1 / np.einsum("ij,ij->", narrow, narrow, dtype=np.float64))


def _classes(
    values: Float[np.ndarray, "sample column"], positive: Bool[np.ndarray, " sample"]
) -> tuple[Float[np.ndarray, "hit column"], Float[np.ndarray, "miss column"]]:
    if len(values) != len(positive) or positive.all() or not positive.any():
        raise InputError(f"discrimination needs positive and negative samples, one mark each; got {int(positive.sum())} of {len(positive)} positive.")
    return values[positive], values[~positive]
