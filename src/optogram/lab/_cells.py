"""The pieces into which rectifiers cut the plane, counted exactly: whole numbers, no grid, no tolerance.

A network of rectifiers is affine on each convex polygon on which every unit keeps its side of zero. The plane is a square so large
(half-side 2^2000) that it holds every corner of any network with floating-point weights of ordinary size, and is cut unit by unit.
A corner is kept as the meeting point of two lines with whole coefficients (homogeneous coordinates), so that nothing is ever rounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float

FAR = 2**2000

Line = tuple[int, int, int]
"""a x + b y + c = 0."""
Corner = tuple[int, int, int]
"""(x, y, w) with w > 0 stands for the point (x / w, y / w)."""
Row = tuple[Fraction, Fraction, Fraction]
"""One unit as a function of the input: factor of x, factor of y, constant."""
Layer = tuple[Float[np.ndarray, "_ _"], Float[np.ndarray, "_"]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A convex piece of the input plane.

    `border`: its corners in order, each with the line to the next. `pattern`: the units that are on, layer by layer. `rows`: the last layer's
    units as functions of the input.
    """

    border: tuple[tuple[Corner, Line], ...]
    pattern: tuple[tuple[bool, ...], ...]
    rows: tuple[Row, ...]

    @property
    def rank(self) -> int:
        """In how many dimensions the piece lies after the last layer: 2 an area, 1 a line, 0 a point."""
        linear = [row[:2] for row in self.rows if any(row[:2])]
        if not linear:
            return 0
        a, b = linear[0]
        return 2 if any(a * d != b * c for c, d in linear[1:]) else 1

    def outline(self) -> Float[np.ndarray, "corner 2"]:
        """Its corners as floating-point numbers."""
        return np.array([(x / w, y / w) for (x, y, w), _ in self.border])


def cells(layers: Sequence[Layer], half: int = FAR) -> list[list[Cell]]:
    """The pieces after each layer (affine map and rectifier) within the square of half-side `half` around 0, by default the whole plane.

    Cost: pieces x units x corners operations on whole numbers. Only pieces with an area count.
    """
    sides: list[Line] = [(0, 1, half), (-1, 0, half), (0, -1, half), (1, 0, half)]
    square = tuple((_meeting(before, side), side) for before, side in zip([sides[-1], *sides], sides, strict=False))
    plane = ((Fraction(1), Fraction(0), Fraction(0)), (Fraction(0), Fraction(1), Fraction(0)))
    found: list[list[Cell]] = []
    current = [Cell(square, (), plane)]
    for weights, biases in layers:
        current = [piece for cell in current for piece in _rectified(cell, weights, biases)]
        found.append(current)
    return found


def patterns(pieces: Sequence[Cell]) -> int:
    """How many activation patterns: each has one convex piece."""
    return len({piece.pattern for piece in pieces})


def maps(pieces: Sequence[Cell]) -> int:
    """How many linear regions, as distinct affine maps from the input to the layer's units."""
    return len({piece.rows for piece in pieces})


def most(units: int, layers: int) -> int:
    """More pieces than `layers` layers of two units never make: A_n = A_(n-1) + 2 * 3^(n-1) + 1, that is 4, 11, 30, 85.

    Only the piece on which all units of all layers are on keeps its two dimensions, and a layer cuts what is a line into at most three. It is a bound
    (Serra and others 2018): one and two layers reach it, three do not (`creased`).
    """
    if units != 2:
        raise ValueError("the bound is that of two units a layer")
    return 1 if layers == 0 else most(units, layers - 1) + 2 * 3 ** (layers - 1) + 1


def folded(layers: int) -> list[Layer]:
    """A planted network of four units a layer that folds the plane along both axes, then the quarter again, and so on: 4, 16, 64, 256 pieces.

    The first layer is [x]+, [-x]+, [y]+, [-y]+; each later one reads |x| and |y| as sums of pairs and folds them at 1, 1/2, 1/4 ...
    """
    first = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    later = np.kron(np.eye(2), np.array([[1.0, 1], [-1, -1]]))
    shifts = [np.array([-1.0, 1, -1, 1]) / 2**layer for layer in range(layers - 1)]
    return [(first, np.zeros(4)), *((later, shift) for shift in shifts)][:layers]


def creased() -> list[Layer]:
    """Four layers of two units with 4, 11, 26 and 54 pieces: as many as there can be after one, two and three layers, and the most found after four.

    Three layers never make the 30 of `most`. The first layer maps two quarters of the plane to half-lines. The second breaks each into at most three
    parts, and then its image turns one way only, or rests in a corner; either way a line crosses it at most twice, so that two lines cut it into at
    most 7. Beside both these 14 there are at most 12 pieces: 4 of the area, 3 of each of two new edges, and 2 points.
    """
    rows = (
        ([[1, 0], [0, 1]], [0, 0]),
        ([[-1, -2], [1, 0.5]], [2, -1]),
        ([[-1.5, -2.5], [3, 1]], [1.75, -1.75]),
        ([[-3, -1], [-2.5, -5.5]], [1.875, 3.375]),
    )
    return [(np.array(weights, float), np.array(biases, float)) for weights, biases in rows]


Border = tuple[tuple[Corner, Line], ...]


def _rectified(cell: Cell, weights: Float[np.ndarray, "out in"], biases: Float[np.ndarray, " out"]) -> list[Cell]:
    rows = [_row(weight, bias, cell.rows) for weight, bias in zip(weights.tolist(), biases.tolist(), strict=True)]
    pieces: list[tuple[Border, tuple[bool, ...]]] = [(cell.border, ())]
    for row in rows:
        pieces = [(part, (*sides, on)) for border, sides in pieces for part, on in _cut(border, row)]
    nothing = (Fraction(0), Fraction(0), Fraction(0))
    return [Cell(border, (*cell.pattern, on), tuple(row if side else nothing for row, side in zip(rows, on, strict=True))) for border, on in pieces]


def _row(weight: Sequence[float], bias: float, rows: Sequence[Row]) -> Row:
    x, y, constant = (sum((Fraction(factor) * row[part] for factor, row in zip(weight, rows, strict=True)), Fraction(0)) for part in range(3))
    return x, y, constant + Fraction(bias)


def _cut(border: Border, row: Row) -> list[tuple[Border, bool]]:
    """The parts of a convex polygon with an area on either side of a line; a unit that is zero all over is off."""
    line = _whole(row)
    heights = [line[0] * x + line[1] * y + line[2] * w for (x, y, w), _ in border]
    if min(heights) >= 0 or max(heights) <= 0:
        return [(border, max(heights) > 0)]
    return [(_above(border, heights, line), True), (_above(border, [-height for height in heights], line), False)]


def _above(border: Border, heights: Sequence[int], line: Line) -> Border:
    """The part of a convex polygon on which heights are positive; the line is its new side."""
    kept: list[tuple[Corner, Line]] = []
    for index, ((corner, side), height) in enumerate(zip(border, heights, strict=True)):
        before, after = heights[index - 1], heights[(index + 1) % len(heights)]
        if height > 0 or (height == 0 and after > 0):
            kept.append((corner, side))
        elif height == 0 and before > 0:
            kept.append((corner, line))
        if height * after < 0:
            kept.append((_meeting(side, line), line if height > 0 else side))
    return tuple(kept)


def _meeting(one: Line, other: Line) -> Corner:
    """Where two lines meet: their cross product, with w > 0."""
    x = one[1] * other[2] - one[2] * other[1]
    y = one[2] * other[0] - one[0] * other[2]
    w = one[0] * other[1] - one[1] * other[0]
    return (x, y, w) if w > 0 else (-x, -y, -w)


def _whole(row: Row) -> Line:
    scale = math.lcm(*(entry.denominator for entry in row))
    a, b, c = (int(entry * scale) for entry in row)
    return a, b, c
