"""Pictures in a grid, with captions, headings and a note: fit for a paper or a slide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from optogram.drawing import svg
from optogram.drawing.paper import Paper, Picture, as_image, fitted
from optogram.drawing.text import length, wrap
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE, Theme

_NARROWEST = 280
"""A sheet with a title or a note is at least so wide, in units."""

_LEADING = 1.35
_SCALE = 2


def grid(
    pictures: Sequence[Picture | None],
    *,
    captions: Sequence[str] | None = None,
    title: str = "",
    note: str = "",
    columns: int | None = None,
    heads: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    cell: float | None = None,
    caption_lines: int = 3,
    theme: Theme = LIGHT,
    scale: int = 2,
) -> Image.Image:
    """A sheet of pictures, row by row; `None` is an empty cell.

    `captions`: one below each picture. `heads`: one above each column; `labels`: one left of each row. `title` stands above, `note` below all.
    `columns`: by default what makes the sheet half as wide again as high. `cell`: side of a cell in units, by default smaller the
    more there are; `scale` pixels each. Pictures are arrays (uint8, or floats in 0..1) or Pillow's, of any size; up to 64 pixels they are
    enlarged by whole numbers. Text is wrapped, and shortened with dots where it does not fit.
    """
    images = [None if picture is None else as_image(picture) for picture in pictures]
    columns = columns or (len(heads) if heads else max(1, math.ceil(math.sqrt(len(images) * 1.5))))
    columns = max(1, min(columns, len(images)))
    width, height = _cell(images, cell or _side(len(images), columns), scale)
    captioned = [wrap(text, AXIS, width, caption_lines) if text else [] for text in (captions or [])]
    plan = _Plan(columns, width, height, _caption_rows(captioned, columns, len(images)), _side_label(labels))
    wide = max(plan.right, _NARROWEST if title or note else 0)
    titled, noted = (wrap(text, size, wide) if text else [] for text, size in ((title, TITLE), (note, CAPTION)))
    headed = [wrap(text, CAPTION, width, 2) for text in (heads or [])]
    edge = SPACES[3]
    top = edge + _depth(titled, TITLE, SPACES[2]) + _depth(max(headed, key=len, default=[]), CAPTION, SPACES[0])
    bottom = top + plan.bottom
    paper = Paper(wide + 2 * edge, bottom + (SPACES[2] if noted else 0) + _depth(noted, CAPTION, 0) + edge, theme, scale)
    _lines(paper, edge, edge, titled, TITLE, theme.ink)
    for column, lines in enumerate(headed):
        x, y = edge + plan.place(column)[0], top - SPACES[0] - len(lines) * CAPTION * _LEADING
        _lines(paper, x, y, lines, CAPTION, theme.ink)
    for index, image in enumerate(images):
        x, y = plan.place(index)
        _picture(paper, edge + x, top + y, width, height, image)
        if captioned:
            _lines(paper, edge + x, top + y + height + SPACES[0], captioned[index], AXIS, theme.ink_2)
    for row, text in enumerate(labels or []):
        _lines(paper, edge, top + plan.place(row * columns)[1], wrap(text, CAPTION, plan.label, 6), CAPTION, theme.ink)
    _lines(paper, edge, bottom + SPACES[2], noted, CAPTION, theme.ink_2)
    return paper.drawn()


def strip(
    pictures: Sequence[Picture | None], *, captions: Sequence[str] | None = None, title: str = "", note: str = "", cell: float = 96
) -> Image.Image:
    """One row of pictures with captions."""
    return grid(pictures, captions=captions, title=title, note=note, columns=max(1, len(pictures)), cell=cell)


def stacked(sheets: Sequence[Image.Image], theme: Theme = LIGHT) -> Image.Image:
    """Sheets of two pixels a unit one below the other, at their left edges, on one ground."""
    whole = Image.new("RGB", (max(sheet.width for sheet in sheets), sum(sheet.height for sheet in sheets)), theme.ground)
    marks = [svg.box(0, 0, whole.width / _SCALE, whole.height / _SCALE, theme.ground, None, 0)]
    top = 0
    for sheet in sheets:
        whole.paste(sheet, (0, top))
        marks += svg.moved(sheet, 0, top / _SCALE)
        top += sheet.height
    return svg.marked(whole, _SCALE, marks)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where cells lie, from the first one's corner and with the row labels left of it."""

    columns: int
    width: float
    height: float
    captions: tuple[float, ...]
    label: float

    def place(self, index: int) -> tuple[float, float]:
        row, column = divmod(index, self.columns)
        gap = self.gap
        return self.offset + column * (self.width + gap), row * (self.height + gap) + sum(self.captions[:row])

    @property
    def gap(self) -> float:
        return SPACES[2] if any(self.captions) else SPACES[0]

    @property
    def offset(self) -> float:
        return self.label + SPACES[2] if self.label else 0.0

    @property
    def right(self) -> float:
        return self.offset + self.columns * (self.width + self.gap) - self.gap

    @property
    def bottom(self) -> float:
        rows = len(self.captions)
        return rows * (self.height + self.gap) - self.gap + sum(self.captions)


def _side(count: int, columns: int) -> float:
    """Side of a cell in units: large for few pictures, small for many."""
    return next((side for most, side in ((9, 148), (24, 112), (64, 80), (160, 56)) if count <= most), 40) if columns < 16 else 40


def _cell(images: Sequence[Image.Image | None], side: float, scale: int) -> tuple[float, float]:
    """Width and height of every cell, in units: a square, or as large as its pictures come out where all are of one size."""
    sizes = {image.size for image in images if image is not None}
    if len(sizes) != 1:
        return side, side
    room = round(side * scale)
    wide, high = fitted(sizes.pop(), (room, room))
    return wide / scale, high / scale


def _caption_rows(captioned: list[list[str]], columns: int, count: int) -> tuple[float, ...]:
    rows = math.ceil(count / columns) if count else 0
    deepest = [max((len(lines) for lines in captioned[row * columns : (row + 1) * columns]), default=0) for row in range(rows)]
    return tuple(SPACES[0] + lines * AXIS * _LEADING if lines else 0.0 for lines in deepest)


def _side_label(labels: Sequence[str] | None) -> float:
    return min(160.0, max(length(text, CAPTION) for text in labels) + 1) if labels else 0.0


def _depth(lines: Sequence[str], size: float, space: float) -> float:
    return len(lines) * size * _LEADING + space if lines else 0.0


def _lines(paper: Paper, x: float, y: float, lines: Sequence[str], size: float, colour: str) -> None:
    for number, line in enumerate(lines):
        paper.text(x, y + number * size * _LEADING, line, size, colour)


def _picture(paper: Paper, x: float, y: float, width: float, height: float, image: Image.Image | None) -> None:
    if image is None:
        paper.box(x, y, x + width, y + height, outline=paper.theme.line)
    else:
        paper.picture(x, y, width, height, image)
