"""Drawing that several labs share: a plane with dots, lines and areas; values with their intervals; pictures and sheets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from optogram.drawing.axis import column, spanning, written
from optogram.drawing.paper import Paper, Picture, Point, as_image
from optogram.drawing.text import length, shorten, wrap
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE, Theme, rgb

COLOURS = (LIGHT.low, LIGHT.high, LIGHT.salmon, LIGHT.shade, LIGHT.ink_2, LIGHT.missing)
"""What classes are drawn in, in their order."""

_EDGE = SPACES[3]
_LEADING = 1.35


class Plane:
    """A square of the plane on its own picture, `side` units wide: areas first, then lines, then dots."""

    def __init__(self, low: Point, high: Point, side: float = 148, theme: Theme = LIGHT, scale: int = 2) -> None:
        self.low, self.high, self.side = np.asarray(low, float), np.asarray(high, float), side
        self.paper = Paper(side, side, theme, scale)
        self.paper.box(0, 0, side, side, fill=theme.surface)

    @property
    def image(self) -> Image.Image:
        """What has been drawn, framed."""
        self.paper.box(0, 0, self.side, self.side, outline=self.paper.theme.line)
        return self.paper.image

    def place(self, points: Float[np.ndarray, "point 2"]) -> list[Point]:
        """Points of the plane in units of the paper; upwards is up."""
        share = (np.asarray(points, float) - self.low) / (self.high - self.low)
        return [(float(x) * self.side, float(1 - y) * self.side) for x, y in share]

    def field(self, colours: UInt8[np.ndarray, "row column 3"]) -> None:
        """A picture over the whole square, its first row at the top."""
        self.paper.image.paste(Image.fromarray(colours).resize(self.paper.image.size, Image.Resampling.BICUBIC))

    def area(self, corners: Float[np.ndarray, "corner 2"], fill: str) -> None:
        """A filled polygon."""
        scaled = [(x * self.paper.scale, y * self.paper.scale) for x, y in self.place(corners)]
        ImageDraw.Draw(self.paper.image).polygon(scaled, fill=fill)

    def line(self, points: Float[np.ndarray, "point 2"], colour: str | None = None, width: float = 1, dash: Point | None = None) -> None:
        """A line through the points."""
        self.paper.line(self.place(points), width, colour, dash)

    def net(self, lines: Float[np.ndarray, "line point 2"], colour: str, width: float = 0.75) -> None:
        """Many thin lines at once, drawn finer and averaged like one."""
        finer, size = 3 * self.paper.scale, self.paper.image.size
        mask = Image.new("L", (3 * size[0], 3 * size[1]))
        draw = ImageDraw.Draw(mask)
        for line in lines:
            draw.line([(x * finer, y * finer) for x, y in self.place(line)], fill=255, width=max(1, round(width * finer)))
        self.paper.image.paste(colour, (0, 0), mask.reduce(3))

    def dots(self, points: Float[np.ndarray, "point 2"], colour: str, radius: float = 2) -> None:
        """A dot at each point, with a thin rim of the ground's colour so that neighbours stay apart."""
        half = int(np.ceil((radius + 1) * self.paper.scale))
        stamp = Paper(2 * half, 2 * half, self.paper.theme, 1)
        rim = Paper(2 * half, 2 * half, LIGHT, 1)
        for paper, size, fill in ((stamp, radius, colour), (rim, radius + 0.5, "#ffffff")):
            paper.image.paste(self.paper.theme.surface if paper is stamp else "#000000", (0, 0, *paper.image.size))
            paper.dot(half, half, size * self.paper.scale, fill=fill)
        mask = rim.image.convert("L")
        for x, y in self.place(points):
            self.paper.image.paste(stamp.image, (round(x * self.paper.scale) - half, round(y * self.paper.scale) - half), mask)


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of `whiskers`: its value, interval and control; a row with a name only is a heading."""

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    control: float | None = None
    colour: str | None = None


def whiskers(
    rows: Sequence[Measured],
    *,
    title: str = "",
    across: str = "",
    control: str = "",
    note: str = "",
    include: tuple[float, ...] = (0.0,),
    width: float = 300,
    theme: Theme = LIGHT,
    scale: int = 2,
) -> Image.Image:
    """Values as dots with their 95 % intervals as bars, one row each, a control as an open dot; numbers stand at the right.

    `include`: numbers that must be on the axis. `control` says what the open dots are.
    """
    names = min(240.0, max(length(row.name, CAPTION) for row in rows) + 1)
    left = _EDGE + names + SPACES[2]
    held = [value for row in rows for value in (row.value, row.low, row.high, row.control) if value is not None]
    axis = spanning(np.asarray(held), left, left + width, include)
    right = left + width + SPACES[2] + 36
    titled = wrap(title, TITLE, right - _EDGE) if title else []
    told = " ".join(part for part in (note, f"Open dots: {control}." if control else "") if part)
    noted = wrap(told, CAPTION, right - _EDGE) if told else []
    top = _EDGE + len(titled) * TITLE * _LEADING + (SPACES[1] if titled else 0)
    base = top + 22 * len(rows)
    foot = base + AXIS * (3.4 if across else 2) + SPACES[0]
    paper = Paper(right + _EDGE, foot + len(noted) * CAPTION * _LEADING + _EDGE, theme, scale)
    _lines(paper, _EDGE, titled, TITLE)
    for tick in axis.ticks(5):
        paper.box(axis.place(tick) - 0.25, top, axis.place(tick) + 0.25, base, fill=theme.line)
        paper.text(axis.place(tick), base + 4, written(tick), AXIS, theme.ink_2, "ma")
    paper.text(left + width, base + AXIS * 1.8, across, AXIS, theme.ink_2, "ra")
    values = iter(column([row.value for row in rows if row.value is not None]))
    for number, row in enumerate(rows):
        y = top + 22 * number + 11
        paper.text(_EDGE, y, shorten(row.name, CAPTION, names), CAPTION, theme.ink if row.value is not None else theme.ink_2, "lm")
        if row.low is not None and row.high is not None:
            paper.box(axis.place(row.low) - 0.5, y - 1.5, axis.place(row.high) + 0.5, y + 1.5, fill=row.colour or theme.missing)
        if row.control is not None:
            paper.dot(axis.place(row.control), y, 4, fill=theme.ground)
            paper.dot(axis.place(row.control), y, 4, outline=theme.ink_2, width=1.25)
        if row.value is not None:
            paper.dot(axis.place(row.value), y, 4.5, fill=row.colour or theme.ink)
            paper.text(right, y, next(values), AXIS, theme.ink_2, "rm")
    _lines(paper, foot, noted, CAPTION, theme.ink_2)
    return paper.image


def even(pictures: Sequence[Picture | None], cell: float, scale: int = 2) -> list[Picture | None]:
    """The pictures, each enlarged or reduced so that its longer side fills a cell of a sheet: small maps beside large ones are then as large.

    Pixels stay visible: enlarged pictures are not smoothed.
    """
    found: list[Picture | None] = []
    for picture in pictures:
        if picture is None:
            found.append(None)
            continue
        image = as_image(picture)
        factor = cell * scale / max(image.size)
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        found.append(image.resize(size, Image.Resampling.NEAREST if factor > 1 else Image.Resampling.LANCZOS))
    return found


def beside(pictures: Sequence[Image.Image], theme: Theme = LIGHT) -> Image.Image:
    """Sheets side by side, at their upper edges, on one ground."""
    whole = Image.new("RGB", (sum(picture.width for picture in pictures), max(picture.height for picture in pictures)), theme.ground)
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width
    return whole


def tint(colour: str, strength: float, ground: str = LIGHT.surface) -> str:
    """A colour mixed with the ground: 0 gives the ground, 1 the colour."""
    mixed = (round((1 - strength) * below + strength * above) for below, above in zip(rgb(ground), rgb(colour), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _lines(paper: Paper, top: float, lines: Sequence[str], size: float, colour: str | None = None) -> None:
    for number, line in enumerate(lines):
        paper.text(_EDGE, top + number * size * _LEADING, line, size, colour)
