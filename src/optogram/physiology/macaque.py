"""Published cells of macaque V1, and how far a set of filters is from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

from optogram.errors import InputError

EDGES = np.logspace(-1, 0.2, 6)
"""Of the bins of nx and of ny."""

COUNTS = np.array([[2, 0, 1, 0, 0], [8, 9, 4, 1, 0], [1, 2, 19, 17, 3], [0, 0, 1, 7, 4], [0, 0, 0, 0, 0]])
"""Simple cells of macaque V1 by nx (rows) and ny (columns), 79 of them (Ringach, J Neurophysiol 2002; the single cells are not public)."""

VARIANCES = np.array([1, 9, 13, 16, 19, 9, 14, 17, 12, 16, 14, 13, 16, 24, 24, 16, 28, 21, 18, 8])
"""Cells of macaque V1, simple and complex, by circular variance in twenty bins from 0 to 1, 308 of them (Ringach, Shapley & Hawken 2002)."""


def variances() -> Float[np.ndarray, " cell"]:
    """The circular variance of each of the 308 cells, as its bin's middle: .025 of it at most is lost."""
    return np.asarray(np.repeat((np.arange(len(VARIANCES)) + 0.5) / len(VARIANCES), VARIANCES))


@dataclass(frozen=True, eq=False)
class Comparison:
    """How far filters are from macaque V1 in the plane of nx and ny.

    `distance` is the energy distance (Szekely & Rizzo 2004) between the two sets, in bins, 0 for equal ones; `p` by permuting which
    of all cells are filters. `counts` has the filters in the bins of the cells; `outside` of them lay beyond the outermost edges and count as in the
    nearest bin.
    """

    distance: float
    p: float
    counts: Int[np.ndarray, "5 5"]
    outside: int
    draws: int


def compare(nx: Float[np.ndarray, " filter"], ny: Float[np.ndarray, " filter"], *, draws: int = 999, seed: int = 0) -> Comparison:
    """Compares filters with the 79 cells, both at the resolution of the published bins, which are equally wide in log nx and log ny.

    Exact at any level by permutation, and consistent against every difference of the two distributions. A large p says that so few cells show
    no difference, not that there is none: look at the distance, and at that of twins.
    """
    if len(nx) < 2 or len(nx) != len(ny) or not (np.isfinite(nx).all() and np.isfinite(ny).all()):
        raise InputError(f"a comparison takes nx and ny of at least 2 filters, all finite; got {len(nx)} and {len(ny)}")
    places = np.stack([_bins(nx), _bins(ny)], axis=1)
    observed, p = permuted(places, cells(), draws, seed)
    counts = np.zeros((5, 5), int)
    np.add.at(counts, tuple(places.T), 1)
    outside = int(((nx < EDGES[0]) | (nx >= EDGES[-1]) | (ny < EDGES[0]) | (ny >= EDGES[-1])).sum())
    return Comparison(observed, p, counts, outside, draws)


def cells() -> Int[np.ndarray, "cell 2"]:
    """The 79 cells by their bins of nx and of ny."""
    return np.asarray(np.repeat(np.argwhere(COUNTS >= 0), COUNTS.ravel(), axis=0))


def permuted(one: Int[np.ndarray, "first 2"], other: Int[np.ndarray, "second 2"], draws: int, seed: int = 0) -> tuple[float, float]:
    """The energy distance of two sets of bins, and its p by permuting which of all belong to the first: exact where both are drawn alike."""
    both = np.concatenate([one, other]).astype(float)
    apart, among = cdist(both, both), np.arange(len(both)) < len(one)
    observed = energy(apart, among)
    random = np.random.default_rng(seed)
    null = np.array([energy(apart, random.permutation(among)) for _ in range(draws)])
    return observed, (1 + int((null >= observed - 1e-9).sum())) / (1 + draws)


def energy(apart: Float[np.ndarray, "point point"], among: np.ndarray) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| from all distances, X the points `among`."""
    first, second = apart[among], apart[~among]
    return float(2 * first[:, ~among].mean() - first[:, among].mean() - second[:, ~among].mean())


def _bins(values: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(EDGES, values, side="right") - 1, 0, len(EDGES) - 2)
