"""Lines of equal value on a grid of numbers (marching squares)."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from jaxtyping import Float

Line = Float[np.ndarray, "_ 2"]
_CROSSINGS = {
    1: [(3, 0)],
    2: [(0, 1)],
    3: [(3, 1)],
    4: [(1, 2)],
    6: [(0, 2)],
    7: [(3, 2)],
    8: [(2, 3)],
    9: [(2, 0)],
    11: [(2, 1)],
    12: [(1, 3)],
    13: [(1, 0)],
    14: [(0, 3)],
}
"""The side by which the line enters a square and the one by which it leaves, so that what is above lies on its left.

Keys: which corners are above (1, 2, 4, 8: clockwise from the top left); sides 0 to 3: clockwise from the top.
"""


def contours(values: Float[np.ndarray, "height width"], level: float) -> list[Line]:
    """The lines where the surface through the numbers crosses `level`, each as rows of (row, column); pixel centres are whole numbers.

    The numbers are finite. A closed line ends where it begins; others end at the border. In a saddle the corners' mean decides which are joined.
    """
    above = values > level
    square = above[:-1, :-1] * 1 + above[:-1, 1:] * 2 + above[1:, 1:] * 4 + above[1:, :-1] * 8
    steps: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for row, column in np.argwhere((square > 0) & (square < 15)).tolist():
        for enter, leave in _crossings(values, int(square[row, column]), row, column, level):
            steps[_edge(row, column, enter)] = _edge(row, column, leave)
    return [np.array([_point(values, edge, level) for edge in path]) for path in _joined(steps)]


def _crossings(values: np.ndarray, case: int, row: int, column: int, level: float) -> list[tuple[int, int]]:
    if case not in (5, 10):
        return _CROSSINGS[case]
    joined = values[row : row + 2, column : column + 2].mean() > level
    if case == 5:
        return [(1, 0), (3, 2)] if joined else [(3, 0), (1, 2)]
    return [(0, 3), (2, 1)] if joined else [(0, 1), (2, 3)]


def _edge(row: int, column: int, side: int) -> tuple[int, int, int]:
    """A side of a square by its first grid point and direction (0 along the row, 1 down), the same for both squares it parts."""
    return ((row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1))[side]


def _point(values: np.ndarray, edge: tuple[int, int, int], level: float) -> tuple[float, float]:
    row, column, down = edge
    first, last = float(values[row, column]), float(values[row + down, column + 1 - down])
    share = (level - first) / (last - first)
    return row + down * share, column + (1 - down) * share


def _joined(steps: dict[tuple[int, int, int], tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """Steps from edge to edge, strung together; open lines begin where nothing leads."""
    reached = set(steps.values())
    paths = []
    left = dict(steps)
    for start in [*(edge for edge in steps if edge not in reached), *steps]:
        path = [start]
        while path[-1] in left:
            path.append(left.pop(path[-1]))
        if len(path) > 1:
            paths.append(path)
    return paths


def by_size(lines: list[Line], least: float) -> list[Line]:
    """Those at least so long, longest first."""
    measured = defaultdict(list)
    for line in lines:
        measured[float(np.hypot(*np.diff(line, axis=0).T).sum())].append(line)
    return [line for size in sorted(measured, reverse=True) if size >= least for line in measured[size]]
