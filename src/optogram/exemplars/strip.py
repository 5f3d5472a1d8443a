"""Exemplars as pictures: a strip for one unit, an overview of a sweep, and HTML for notebooks."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

import numpy as np

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
    rows = _rows(exemplars)
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
    patch = exemplar.patch
    return patch if patch.shape[2] == 3 else np.repeat(patch, 3, axis=2)


def as_html(exemplars: Exemplars) -> str:
    """The strip as plain HTML: each patch with its activation below, and photograph and place when the pointer is over it."""
    rows = "".join(f"<tr>{''.join(_cell(exemplar) for exemplar in row)}</tr>" for row in _rows(exemplars))
    return f"<table><caption>{html.escape(exemplars.title)}</caption><tbody>{rows}</tbody></table>"


def _cell(exemplar: Exemplar) -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(shown(exemplar)).save(stream, format="PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    text = html.escape(str(exemplar), quote=True)
    image = f'<img alt="{text}" title="{text}" style="height:{CELL:.0f}px;image-rendering:auto" src="data:image/png;base64,{data}">'
    return f'<td style="text-align:center">{image}<br>{written(exemplar.activation)}</td>'


def _rows(exemplars: Exemplars) -> list[list[Exemplar]]:
    if exemplars.kind != "quantile":
        return [list(exemplars)]
    levels = sorted({exemplar.quantile or 0.0 for exemplar in exemplars}, reverse=True)
    return [[exemplar for exemplar in exemplars if exemplar.quantile == level] for level in levels]
