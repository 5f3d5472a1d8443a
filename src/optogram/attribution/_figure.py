"""The figure of an attribution: photograph, map, map over the photograph, the colour scale; nothing is drawn where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.attribution._compare import scale_bar
from optogram.attribution._result import joined
from optogram.drawing.colour import CLIPPED_AT, limit_of, signed, unsigned
from optogram.drawing.overlay import overlay
from optogram.drawing.paper import Paper
from optogram.drawing.sheet import stacked
from optogram.drawing.text import wrap
from optogram.drawing.theme import AXIS, CAPTION, SPACES
from optogram.geometry import Box

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution

SIDE = 224
"""The longer side of each picture, in units."""
LEAST = 96
GAMMA = 0.6
"""Maps of single pixels are lifted by this power over the photograph, where thin lines would be lost."""
MOST = 8
"""Photographs in one figure; the rest are counted."""

_GAP, _MARGIN = SPACES[1], SPACES[3]


def figure(attribution: Attribution) -> Image.Image:
    """One row a photograph: as it is, the map, the map over it."""
    shown = range(min(len(attribution), MOST))
    sizes = [_fitted(attribution.images[photo].shape[-2:]) for photo in shown]
    width = 2 * _MARGIN + 3 * max(columns for _, columns in sizes) + 2 * _GAP
    words = wrap(attribution.title(), CAPTION, width - 2 * _MARGIN)
    notes = [line for text in _remarks(attribution) for line in wrap(text, AXIS, width - 2 * _MARGIN)]
    captions = [wrap(_caption(attribution, photo), AXIS, width - 2 * _MARGIN) for photo in shown]
    height = 2 * _MARGIN + _lines(words, CAPTION) + sum(rows + _GAP + _lines(caption, AXIS) + _MARGIN for (rows, _), caption in zip(sizes, captions))
    paper = Paper(width, height + _lines(notes, AXIS))
    top = _write(paper, words, _MARGIN, CAPTION) + _GAP
    for photo, (rows, columns), caption in zip(shown, sizes, captions, strict=True):
        _row(paper, attribution, photo, top, rows, columns)
        top = _write(paper, caption, top + rows + SPACES[0], AXIS, paper.theme.ink_2) + _MARGIN
    _write(paper, notes, top, AXIS, paper.theme.ink_2)
    drawn, alive = paper.drawn(), [photo for photo in shown if not attribution.zero[photo]]
    if not alive:
        return drawn
    limit = limit_of(attribution.map(alive[0])) if len(shown) == 1 else None
    return stacked([drawn, scale_bar(drawn.width, limit, attribution.signed)])


def _row(paper: Paper, attribution: Attribution, photo: int, top: float, rows: float, columns: float) -> None:
    picture = np.rint(np.moveaxis(np.asarray(attribution.images[photo]), 0, -1).clip(0, 1) * 255).astype(np.uint8)
    lefts = [_MARGIN + column * (columns + _GAP) for column in range(3)]
    paper.picture(lefts[0], top, columns, rows, picture)
    if attribution.zero[photo]:
        for left in lefts[1:]:
            paper.box(left, top, left + columns, top + rows, outline=paper.theme.line)
        paper.text(lefts[1] + columns / 2, top + rows / 2, "nought everywhere", AXIS, paper.theme.ink_2, "mm")
        return
    values = attribution.map(photo)
    limit = limit_of(values)
    paper.picture(lefts[1], top, columns, rows, (signed if attribution.signed else unsigned)(values, limit))
    fine = attribution.per_channel
    laid = np.sign(values) * (np.abs(values) / (limit or 1)).clip(0, 1) ** (GAMMA if fine else 1) * limit
    paper.picture(lefts[2], top, columns, rows, overlay(picture, _spread(laid, picture.shape[:2]), limit, outlines=not fine))
    if attribution.frames[photo] != Box(0, 0, *picture.shape[:2]):
        scale = columns / picture.shape[1]
        edges = [edge * scale for edge in attribution.frames[photo].as_tuple()]
        for left in lefts[:2]:
            corners = [(left + edges[1], top + edges[0]), (left + edges[3], top + edges[2])]
            _outline(paper, *corners[0], *corners[1])


def _outline(paper: Paper, left: float, top: float, right: float, bottom: float) -> None:
    """What the network was given: a dashed frame that is seen on light and on dark."""
    around = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    paper.line(around, 1, paper.theme.surface)
    paper.line(around, 1, paper.theme.ink, (3, 3))


def _caption(attribution: Attribution, photo: int) -> str:
    text = joined(": ", attribution.name(photo), attribution.caption(photo))
    if attribution.zero[photo]:
        return text
    limit = limit_of(attribution.map(photo))
    scale = f"colours end at ±{limit:.2g}" if attribution.signed else f"colours end at {limit:.2g}"
    return f"{text} · {scale} ({CLIPPED_AT:.1%} of the pixels are within)"


def _remarks(attribution: Attribution) -> list[str]:
    sign = ["orange: positive, blue: negative"] if attribution.signed else ["over the photograph in orange"]
    left = [f"{len(attribution) - MOST} more photographs"] if len(attribution) > MOST else []
    cut = any(frame != Box(0, 0, *image.shape[-2:]) for frame, image in zip(attribution.frames, attribution.images, strict=True))
    sign += ["dashed: what the network is given of the photograph"] if cut else []
    sanity = [f"sanity: {attribution.verdict}"] if attribution.verdict else []
    return [" · ".join(sign), *sanity, *(f"note: {note}" for note in attribution.notes), *left]


def _fitted(size: tuple[int, int]) -> tuple[float, float]:
    factor = SIDE / max(size)
    return max(LEAST, size[0] * factor), max(LEAST, size[1] * factor)


def _spread(values: Float[np.ndarray, "rows columns"], size: tuple[int, ...]) -> Float[np.ndarray, "height width"]:
    """A map of the photograph's size: a site's grid is stretched over it."""
    if values.shape == size:
        return values
    stretched: np.ndarray = np.asarray(Image.fromarray(values.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.NEAREST))
    return stretched


def _lines(lines: list[str], size: float) -> float:
    return len(lines) * (size + SPACES[0])


def _write(paper: Paper, lines: list[str], top: float, size: float, colour: str | None = None) -> float:
    for line in lines:
        paper.text(_MARGIN, top, line, size, colour)
        top += size + SPACES[0]
    return top
