"""Exemplars as pictures: a strip for one unit, an overview of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from optogram.drawing.axis import written
from optogram.drawing.sheet import grid

if TYPE_CHECKING:
    from PIL.Image import Image

    from optogram.exemplars.exemplar import Exemplar, Exemplars
    from optogram.exemplars.result import Sweep

CELL = 96.0
SHOWN_UNITS = 4
"""Units of each site on an overview."""


def strip(exemplars: Exemplars) -> Image:
    """Patches in order with their activations below; one row, or a row for each quantile, strongest above."""
    rows = by_row(exemplars)
    columns = max((len(row) for row in rows), default=1)
    cells = [exemplar for row in rows for exemplar in [*row, *[None] * (columns - len(row))]]
    labels = [f"{100 * (row[0].quantile or 0):.0f} %" for row in rows] if exemplars.kind == "quantile" else None
    return grid(
        [None if exemplar is None else shown(exemplar) for exemplar in cells],
        captions=["" if exemplar is None else written(exemplar.activation) for exemplar in cells],
        title=f"{exemplars.unit}  {exemplars.kind}",
        note=exemplars.told,
        columns=columns,
        labels=labels,
        cell=CELL,
    )


def overview(sweep: Sweep) -> Image:
    """The strongest photographs of the first units of each site, a row a unit."""
    k = min(sweep.k, 6)
    units = [f"{entry.site.address}:{unit}" for entry in sweep.plan.entries for unit in range(min(SHOWN_UNITS, entry.site.units))]
    pictures: list[np.ndarray | None] = []
    for unit in units:
        found = [shown(exemplar) for exemplar in sweep.exemplars(unit, "top", k)]
        pictures += [*found, *[None] * (k - len(found))]
    return grid(pictures, columns=k, labels=units, title=str(sweep), cell=CELL / 2)


def shown(exemplar: Exemplar) -> np.ndarray:
    """The patch in colour, as large as it is."""
    return in_colour(exemplar.patch)


def in_colour(pixels: UInt8[np.ndarray, "height width channel"]) -> UInt8[np.ndarray, "height width 3"]:
    """Gray repeated, as screens have three channels."""
    return pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)


def by_row(exemplars: Exemplars) -> list[list[Exemplar]]:
    """All in one row, or a row for each quantile, the highest first."""
    if exemplars.kind != "quantile":
        return [list(exemplars)]
    levels = sorted({exemplar.quantile or 0.0 for exemplar in exemplars}, reverse=True)
    return [[exemplar for exemplar in exemplars if exemplar.quantile == level] for level in levels]
