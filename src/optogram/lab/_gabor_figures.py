"""How the Gabor lab draws its fits, the plane of nx and ny beside macaque V1, and its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.axis import Axis
from optogram.drawing.colour import signed
from optogram.drawing.paper import Paper
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid
from optogram.drawing.text import wrap
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE
from optogram.evenly import evenly
from optogram.lab._show import tint
from optogram.physiology.macaque import COUNTS, EDGES

if TYPE_CHECKING:
    from optogram.lab.gabor import GaborResult

MOST = 24
"""Filters shown beside their fits: with more, evenly chosen from best to worst."""
_SIDE = 320.0
_TICKS = (0.1, 0.2, 0.5, 1.0, 1.5)


def fits(result: GaborResult) -> Image.Image:
    """Each filter's picture and, right of it, the function fitted to it, best first; both in one scale, blue below zero."""
    order = np.argsort(-result.r2)
    shown = evenly(order.tolist(), MOST)
    pairs, captions = [], []
    for index in shown:
        picture, fitted = result.filters[index], result.fitted[index]
        limit = float(np.abs(picture - picture.mean()).max())
        gap = np.full((picture.shape[0], 1, 3), 251, np.uint8)
        pairs.append(np.concatenate([signed(picture - picture.mean(), limit), gap, signed(fitted - fitted.mean(), limit)], axis=1))
        colour = ", colour" if result.opponent[index] > 0.5 else ""
        captions.append(f"{result.units[index]}: R2 {result.r2[index]:.2f}{colour}\nnx {result.nx[index]:.2f}, ny {result.ny[index]:.2f}")
    note = (
        "Left the filter, right the Gabor function fitted to it, from best to worst; blue is negative, orange positive, each pair in its own scale."
    )
    some = f"{len(shown)} of {len(order)} " if len(shown) < len(order) else ""
    return grid(pairs, captions=captions, title=f"{result.provenance.settings['site']}: {some}filters and fits", note=note, columns=6, cell=104)


def plane(result: GaborResult) -> Image.Image:
    """nx across and ny up, both logarithmic: cells of macaque V1 as shaded bins, filters as dots, random ones as small dots."""
    left, top = SPACES[3] + 44, SPACES[3] + TITLE * 1.6 + AXIS * 1.6
    across, up = Axis(np.log(0.05), np.log(3.0), left, left + _SIDE), Axis(np.log(0.05), np.log(3.0), top + _SIDE, top)
    note = (
        f"Shaded: {int(COUNTS.sum())} cells of macaque V1 (Ringach 2002), darker where there are more. Filled dots: {int(result.compared.sum())} "
        f"gray filters that are fitted well; open: the others. Small dots: filters with the same weights in random places. "
        "What lies beyond 0.05 or 3 stands on the edge."
    )
    lines = wrap(note, CAPTION, _SIDE + 44)
    paper = Paper(left + _SIDE + SPACES[3], top + _SIDE + AXIS * 4 + len(lines) * CAPTION * 1.35 + SPACES[3])
    paper.text(SPACES[3], SPACES[3], "Width and length in cycles", TITLE)
    paper.box(left, top, left + _SIDE, top + _SIDE, fill=LIGHT.surface)
    for row, column in np.argwhere(COUNTS > 0):
        x, y = np.log(EDGES[[row, row + 1]]), np.log(EDGES[[column, column + 1]])
        fill = tint(LIGHT.shade, 0.12 + 0.6 * float(COUNTS[row, column] / COUNTS.max()))
        paper.box(across.place(x[0]), up.place(y[1]), across.place(x[1]), up.place(y[0]), fill=fill)
    for nx, ny in zip(result.twin_nx[:3].ravel(), result.twin_ny[:3].ravel(), strict=True):
        paper.dot(across.place(np.log(np.clip(nx, 0.05, 3))), up.place(np.log(np.clip(ny, 0.05, 3))), 1.75, fill=LIGHT.missing)
    for index in np.argsort(result.compared):
        nx, ny = (float(np.log(np.clip(value[index], 0.05, 3))) for value in (result.nx, result.ny))
        spot = across.place(nx), up.place(ny)
        paper.dot(*spot, radius=5.5, fill=LIGHT.surface)
        paper.dot(*spot, radius=4.5, fill=LIGHT.high if result.compared[index] else LIGHT.surface)
        paper.dot(*spot, radius=4.5, outline=LIGHT.high, width=1.5)
    for tick in _TICKS:
        paper.text(across.place(np.log(tick)), top + _SIDE + 6, f"{tick:g}", AXIS, LIGHT.ink_2, "ma")
        paper.text(left - 6, up.place(np.log(tick)), f"{tick:g}", AXIS, LIGHT.ink_2, "rm")
    paper.text(left + _SIDE, top + _SIDE + AXIS * 1.9, "nx: cycles under the width across the stripes", AXIS, LIGHT.ink_2, "ra")
    paper.text(SPACES[3], top - AXIS * 1.6, "ny: cycles under the length along the stripes", AXIS, LIGHT.ink_2)
    for number, line in enumerate(lines):
        paper.text(SPACES[3], top + _SIDE + AXIS * 4 + number * CAPTION * 1.35, line, CAPTION, LIGHT.ink_2)
    return paper.image


def ladder(result: GaborResult) -> Image.Image:
    """R2 of all filters, best first, beside the same filters with scrambled phases and the median of those with weights in random places."""
    rank = np.arange(1, len(result.r2) + 1).tolist()
    lines = {
        "filters": (rank, (-np.sort(-result.r2)).tolist()),
        "phases scrambled": (rank, (-np.sort(-result.scrambled_r2)).tolist()),
        "random places": (rank, np.median(-np.sort(-result.twin_r2, axis=1), axis=0).tolist()),
    }
    return curves(
        lines,
        across="filters, best first",
        up="share of variance that a Gabor function explains (R2)",
        title="How well filters are fitted",
        include=(0.0, 1.0),
    )
