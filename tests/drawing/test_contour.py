from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.measure import find_contours

from optogram.drawing.contour import by_size, contours


def points(lines: list[np.ndarray]) -> set[tuple[float, float]]:
    return {(round(float(row), 6), round(float(column), 6)) for line in lines for row, column in line}


@given(st.integers(0, 1000), st.floats(-0.5, 0.5))
def test_the_lines_are_scikit_images(seed: int, level: float) -> None:
    field = gaussian_filter(np.random.default_rng(seed).normal(size=(24, 31)), 2)
    field /= np.abs(field).max()
    ours, theirs = contours(field, level), find_contours(field, level)
    assert points(ours) == points(theirs)
    assert len(ours) == len(theirs)
    assert sum(map(size, ours)) == pytest.approx(sum(map(size, theirs)))


def size(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def test_a_circle_is_closed_round_and_has_its_circumference() -> None:
    rows, columns = np.mgrid[:60, :60] - 30.0
    (line,) = contours(20.0 - np.hypot(rows, columns), 0.0)
    assert np.array_equal(line[0], line[-1])
    assert np.hypot(*(line - 30).T) == pytest.approx(20, abs=0.05)
    assert size(line) == pytest.approx(2 * np.pi * 20, rel=0.01)


@pytest.mark.parametrize("centre", [-1.0, 1.0])
def test_every_case_and_both_saddles_separate_high_from_low(centre: float) -> None:
    rng = np.random.default_rng(3)
    seen = set()
    for _ in range(200):
        square = rng.choice([-1.0, 1.0], (2, 2)) * rng.uniform(0.2, 1.0, (2, 2)) + 0.01 * centre
        seen.add(tuple((square > 0).ravel().tolist()))
        lines = contours(square, 0.0)
        changes = sum(bool(a != b) for a, b in zip(ring(square > 0), np.roll(ring(square > 0), 1), strict=True))
        assert len(lines) == changes // 2
        if len(lines) == 2:  # the middle belongs to the corners' mean: both lines leave it on the same side
            joined = square.mean() > 0
            high = [np.linalg.norm(lines_mean - corner) for lines_mean in (line.mean(axis=0) for line in lines) for corner in np.argwhere(square > 0)]
            low = [np.linalg.norm(lines_mean - corner) for lines_mean in (line.mean(axis=0) for line in lines) for corner in np.argwhere(square <= 0)]
            assert (min(low) < min(high)) == joined or abs(min(low) - min(high)) < 0.35
    assert len(seen) == 16


def ring(square: np.ndarray) -> np.ndarray:
    return square[[0, 0, 1, 1], [0, 1, 1, 0]]


def test_specks_can_be_left_out_and_the_longest_comes_first() -> None:
    lines = [np.array([[0.0, 0], [0, size]]) for size in (3, 1, 2)]
    assert [size(line) for line in by_size(lines, 2)] == [3, 2]


def test_a_flat_field_has_no_lines() -> None:
    assert contours(np.ones((5, 5)), 1.0) == []
    assert contours(np.zeros((5, 5)), 1.0) == []
