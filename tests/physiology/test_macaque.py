from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from optogram.errors import InputError
from optogram.physiology.macaque import COUNTS, EDGES, VARIANCES, compare, energy, permuted, variances
from optogram.physiology.macaque import cells as published


def cells(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws from the published table, uniform in the logarithm within each bin."""
    random = np.random.default_rng(seed)
    chosen = random.choice(25, count, p=COUNTS.ravel() / COUNTS.sum())
    low = np.log(EDGES[np.stack(np.divmod(chosen, 5))])
    step = np.log(EDGES[1] / EDGES[0])
    nx, ny = np.exp(low + random.random((2, count)) * step)
    return nx, ny


def test_the_table_is_the_published_one(shared_data: Callable[..., Path]) -> None:
    with shared_data("physiology", "ringach_2002b_nx_ny_joint_counts.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["count"]) for row in rows] == COUNTS.ravel().tolist()
    np.testing.assert_allclose(EDGES[:5], [float(row["nx_lo"]) for row in rows[::5]], rtol=1e-3)
    np.testing.assert_allclose(EDGES[1:], [float(row["ny_hi"]) for row in rows[:5]], rtol=1e-3)


def test_draws_from_the_table_are_not_told_apart_and_p_is_level() -> None:
    p = np.array([compare(*cells(24, seed), draws=99, seed=seed).p for seed in range(60)])
    assert (p <= 0.05).mean() < 0.15
    assert 0.3 < np.median(p) < 0.75


def test_halves_of_the_cells_give_a_uniform_p() -> None:
    """The calibration: the 79 cells dealt into two at random, 400 times over. Ties, of which bins make many, can only make p larger."""
    random, draws, p = np.random.default_rng(0), 39, []
    for seed in range(400):
        dealt = random.permutation(published())
        p.append(permuted(dealt[:39], dealt[39:], draws, seed)[1])
    told = np.array(p)
    assert kstest(told - random.random(400) / (1 + draws), "uniform").pvalue > 0.01
    for level in (0.05, 0.1, 0.25, 0.5):
        share = binomtest(int((told <= level + 1e-9).sum()), 400).proportion_ci(0.99)
        assert share.low <= level <= share.high, level


def test_p_counts_the_set_itself_and_those_as_far() -> None:
    """Sets that no permutation parts farther: one of 1 + 39. Sets of one place: every permutation is as far. So p is never 0."""
    left, right = np.zeros((12, 2), int), np.full((12, 2), 4)
    assert permuted(left, right, 39)[1] == 1 / 40
    assert permuted(left, left, 39)[1] == 1


def test_halves_of_which_one_is_moved_do_not() -> None:
    """The power that goes with it: one half is a bin wider."""
    random = np.random.default_rng(1)
    found = []
    for seed in range(40):
        dealt = random.permutation(published())
        found.append(permuted(dealt[:39] + np.array([1, 0]), dealt[39:], 39, seed)[1] <= 0.05)
    assert np.mean(found) > 0.9


def test_swapped_and_shifted_filters_are_told_apart() -> None:
    nx, ny = cells(40, 0)
    assert compare(nx / 2, ny).p < 0.01
    assert compare(ny, nx).p < compare(nx, ny).p


def test_only_the_joint_distribution_differs() -> None:
    """The same nx and the same ny, paired the other way round: each margin alone shows nothing, the plane does."""
    nx, ny = cells(400, 1)
    loose = compare(np.sort(nx), np.sort(ny)[::-1], seed=2)
    assert loose.p < 0.05 < compare(nx, ny, seed=2).p


def test_energy_distance_equals_a_slow_loop() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(7, 2)), random.normal(size=(9, 2))
    both = np.concatenate([first, second])
    apart = np.linalg.norm(both[:, None] - both[None], axis=2)

    def mean(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.mean([np.linalg.norm(x - y) for x in one for y in other]))

    expected = 2 * mean(first, second) - mean(first, first) - mean(second, second)
    assert energy(apart, np.arange(16) < 7) == pytest.approx(expected)


def test_those_beyond_the_edges_are_counted() -> None:
    found = compare(np.array([0.01, 0.2, 5.0]), np.array([0.2, 0.2, 0.2]), draws=9)
    assert found.outside == 2
    assert found.counts.sum() == 3
    with pytest.raises(InputError, match="all finite"):
        compare(np.array([np.nan, 1.0]), np.array([1.0, 1.0]))


def test_the_cells_circular_variances_are_those_of_the_published_data(shared_data: Callable[..., Path]) -> None:
    """The bins that the package carries, counted anew from the single cells; and what binning loses."""
    measured = np.genfromtxt(shared_data("physiology", "ringach_2002_orientation_308.csv"), delimiter=",", names=True, dtype=None, encoding="utf-8")
    found = np.asarray(measured["orivar"], float)
    np.testing.assert_array_equal(np.histogram(found, np.linspace(0, 1, len(VARIANCES) + 1))[0], VARIANCES)
    assert np.abs(np.sort(found) - variances()).max() <= 0.025 + 1e-9
