"""Gratings, bars and spots drawn by formula, on gray, as an experimenter shows them.

Orientation is the direction that stripes and bars run in, in degrees counterclockwise from horizontal: 0 lies, 90 stands; the pattern varies, and
drifts, at right angles to it. Row and column count from the middle of the top left pixel; a centre may lie between pixels. Pixels are in 0..1,
gray is .5, edges are smooth over one pixel. Parameters broadcast: one number, or one for each stimulus.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from optogram.errors import SettingError

GRAY = 0.5
Size = tuple[int, int]
Centre = tuple[float, float]


def grating(
    size: Size,
    orientation: ArrayLike,
    frequency: ArrayLike,
    phase: ArrayLike = 0.0,
    *,
    contrast: ArrayLike = 1.0,
    centre: Centre | None = None,
    radius: ArrayLike | None = None,
) -> Float[np.ndarray, "stimulus height width"]:
    """.5 + .5 contrast cos(2 pi frequency d + phase), d the distance in pixels from the line through the centre at `orientation`.

    `frequency` in cycles per pixel, at most .5; `phase` in radians, growing phases drift the pattern; `radius` in pixels cuts a disc out, gray around
    it. `centre` (row, column) is the picture's middle by default.
    """
    if np.any(np.asarray(frequency) > 0.5) or np.any(np.asarray(frequency) < 0):
        raise SettingError(f"a grating has 0 to .5 cycles per pixel (two pixels a cycle at least); got {np.max(frequency):g}")
    angle, cycles, shift, depth = (_column(values) for values in (np.radians(orientation), frequency, phase, contrast))
    down, right = _offsets(size, centre)
    wave = GRAY * depth * np.cos(2 * np.pi * cycles * (right * np.sin(angle) + down * np.cos(angle)) + shift)
    if radius is not None:
        wave = wave * _disc(down, right, radius)
    return np.asarray(GRAY + wave, np.float32)


def bar(
    size: Size,
    orientation: ArrayLike,
    width: ArrayLike,
    length: ArrayLike,
    *,
    offset: ArrayLike = 0.0,
    contrast: ArrayLike = 1.0,
    centre: Centre | None = None,
) -> Float[np.ndarray, "stimulus height width"]:
    """A bar on gray: white for contrast 1, black for -1; `width` and `length` in pixels.

    `offset` moves it at right angles to its length, in pixels: to the right where it stands, downwards where it lies.
    """
    angle, wide, long, moved, depth = (_column(values) for values in (np.radians(orientation), width, length, offset, contrast))
    down, right = _offsets(size, centre)
    across = right * np.sin(angle) + down * np.cos(angle) - moved
    along = right * np.cos(angle) - down * np.sin(angle)
    inside = _edge(wide / 2 - np.abs(across)) * _edge(long / 2 - np.abs(along))
    return np.asarray(GRAY + GRAY * depth * inside, np.float32)


def spot(
    size: Size, radius: ArrayLike, *, row: ArrayLike, column: ArrayLike, contrast: ArrayLike = 1.0
) -> Float[np.ndarray, "stimulus height width"]:
    """A disc on gray with its middle at `row` and `column`: white for contrast 1, black for -1."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(float)
    disc = _disc(rows - _column(row), columns - _column(column), radius)
    return np.asarray(GRAY + GRAY * _column(contrast) * disc, np.float32)


def _column(values: ArrayLike) -> Float[np.ndarray, "stimulus 1 1"]:
    return np.atleast_1d(np.asarray(values, float))[:, None, None]


def _offsets(size: Size, centre: Centre | None) -> tuple[np.ndarray, np.ndarray]:
    row, column = centre if centre is not None else ((size[0] - 1) / 2, (size[1] - 1) / 2)
    rows, columns = np.mgrid[: size[0], : size[1]].astype(float)
    return rows - row, columns - column


def _disc(down: np.ndarray, right: np.ndarray, radius: ArrayLike) -> np.ndarray:
    return _edge(_column(radius) - np.hypot(down, right))


def _edge(inside: np.ndarray) -> np.ndarray:
    """The share of a pixel that lies inside, from the distance of its middle to the edge."""
    share: np.ndarray = np.clip(inside + 0.5, 0, 1)
    return share
