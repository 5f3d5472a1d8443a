"""A surface to draw on: distances in units, lines and dots smooth, text measured, pictures placed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from optogram.drawing import svg
from optogram.drawing.text import font, writable
from optogram.drawing.theme import AXIS, LIGHT, Theme

Point = tuple[float, float]
Picture = np.ndarray | Image.Image

_FINER = 4
"""Shapes are drawn this many times finer and then averaged, which makes their edges smooth."""


class Paper:
    """Width and height in units; `scale` pixels of the image for each (2 suits print and sharp screens). Later things lie on earlier ones."""

    def __init__(self, width: float, height: float, theme: Theme = LIGHT, scale: int = 2) -> None:
        self.theme = theme
        self.scale = scale
        self.image = Image.new("RGB", (max(1, round(width * scale)), max(1, round(height * scale))), theme.ground)
        self.marks: list[str] = [svg.box(0, 0, self.image.width / scale, self.image.height / scale, theme.ground, None, 0)]

    def drawn(self) -> Image.Image:
        """The image, which can also be kept as SVG; only for paper that was drawn on by these methods alone."""
        return svg.marked(self.image, self.scale, self.marks)

    def text(self, x: float, y: float, text: str, size: float = AXIS, colour: str | None = None, anchor: str = "la") -> None:
        """One line of text; `anchor` as in Pillow (`la` left and top, `ms` middle and baseline, `ra` right and top)."""
        self.marks.append(svg.text(x, y, text, size, colour or self.theme.ink, anchor))
        draw = ImageDraw.Draw(self.image)
        draw.text((x * self.scale, y * self.scale), writable(text), fill=colour or self.theme.ink, font=font(size * self.scale), anchor=anchor)

    def line(self, points: Sequence[Point], width: float = 1, colour: str | None = None, dash: Point | None = None) -> None:
        """A line through the points, with round ends; `dash` is the length of strokes and of gaps."""
        strokes = [points] if dash is None else dashes(points, *dash)
        if not any(len(stroke) > 1 for stroke in strokes):
            return
        self.marks.append(svg.line(points, width, colour or self.theme.ink, dash))

        def drawn(draw: ImageDraw.ImageDraw, place: Callable[[Sequence[Point]], list[Point]], unit: float) -> None:
            for stroke in strokes:
                draw.line(place(stroke), fill=255, width=max(1, round(width * unit)), joint="curve")

        self._shape([point for stroke in strokes for point in stroke], width, colour or self.theme.ink, drawn)

    def box(
        self, left: float, top: float, right: float, bottom: float, fill: str | None = None, outline: str | None = None, width: float = 1
    ) -> None:
        """A rectangle; the outline lies inside it."""
        corners = [(left, top), (right, bottom)]
        self.marks.append(svg.box(left, top, right, bottom, fill, outline, width))

        def whole(draw: ImageDraw.ImageDraw, place: Callable[[Sequence[Point]], list[Point]], unit: float) -> None:
            (x, y), (last_x, last_y) = place(corners)
            draw.rectangle((x, y, max(x, last_x - 1), max(y, last_y - 1)), fill=255)  # a hair's breadth is drawn too

        def edge(draw: ImageDraw.ImageDraw, place: Callable[[Sequence[Point]], list[Point]], unit: float) -> None:
            (x, y), (last_x, last_y) = place(corners)
            draw.rectangle((x, y, max(x, last_x - 1), max(y, last_y - 1)), outline=255, width=max(1, round(width * unit)))

        if fill is not None:
            self._shape(corners, 0, fill, whole)
        if outline is not None:
            self._shape(corners, 0, outline, edge)

    def dot(self, x: float, y: float, radius: float, fill: str | None = None, outline: str | None = None, width: float = 1) -> None:
        """A circle; the outline lies inside it."""
        corners = [(x - radius, y - radius), (x + radius, y + radius)]
        self.marks.append(svg.dot(x, y, radius, fill, outline, width))

        def disc(draw: ImageDraw.ImageDraw, place: Callable[[Sequence[Point]], list[Point]], unit: float) -> None:
            draw.ellipse([*place(corners)[0], *place(corners)[1]], fill=255)

        def ring(draw: ImageDraw.ImageDraw, place: Callable[[Sequence[Point]], list[Point]], unit: float) -> None:
            draw.ellipse([*place(corners)[0], *place(corners)[1]], outline=255, width=max(1, round(width * unit)))

        if fill is not None:
            self._shape(corners, 1, fill, disc)
        if outline is not None:
            self._shape(corners, 1, outline, ring)

    def picture(self, x: float, y: float, width: float, height: float, picture: Picture) -> None:
        """A picture, as large as fits the box with its own proportions, in its middle.

        Small ones (up to 64 pixels) are enlarged by a whole number, so that each pixel is seen; others are resampled.
        """
        image = as_image(picture)
        room = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        given, squares = image, whole_pixels(image.size, room)
        image = image.resize(fitted(image.size, room), Image.Resampling.NEAREST if squares else Image.Resampling.LANCZOS)
        left, top = (round(place * self.scale) + (space - side) // 2 for place, space, side in zip((x, y), room, image.size, strict=True))
        self.image.paste(image, (left, top))
        kept = given if given.width <= image.width else image
        sides = [side / self.scale for side in (left, top, image.width, image.height)]
        self.marks.append(svg.embedded(kept, sides[0], sides[1], sides[2], sides[3], smooth=not squares))

    def _shape(self, points: Sequence[Point], margin: float, colour: str, drawn: Callable[..., None]) -> None:
        """Draws a mask of the points' surroundings finer than the image, averages it, and inks the image through it."""
        near = margin * self.scale + 2
        corner = [int(np.floor(min(point[axis] for point in points) * self.scale - near)) for axis in (0, 1)]
        end = [int(np.ceil(max(point[axis] for point in points) * self.scale + near)) for axis in (0, 1)]
        corner = [max(0, entry) for entry in corner]
        end = [min(side, entry) for side, entry in zip(self.image.size, end, strict=True)]
        if end[0] <= corner[0] or end[1] <= corner[1]:
            return
        unit = self.scale * _FINER

        def place(stroke: Sequence[Point]) -> list[Point]:
            return [(point[0] * unit - corner[0] * _FINER, point[1] * unit - corner[1] * _FINER) for point in stroke]

        mask = Image.new("L", ((end[0] - corner[0]) * _FINER, (end[1] - corner[1]) * _FINER))
        drawn(ImageDraw.Draw(mask), place, unit)
        self.image.paste(colour, (corner[0], corner[1], end[0], end[1]), mask.reduce(_FINER))


def as_image(picture: Picture) -> Image.Image:
    """A Pillow picture, uint8 [height, width(, 1 or 3)], or floats in 0..1 of such a shape, as RGB."""
    if isinstance(picture, Image.Image):
        return picture.convert("RGB")
    array = picture if picture.dtype == np.uint8 else np.rint(np.nan_to_num(picture).clip(0, 1) * 255).astype(np.uint8)
    array = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    return Image.fromarray(np.ascontiguousarray(array)).convert("RGB")


def whole_pixels(size: tuple[int, int], room: tuple[int, int]) -> bool:
    """Whether a picture is so small that it is enlarged by a whole number."""
    return max(size) <= 64 and size[0] <= room[0] and size[1] <= room[1]


def fitted(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a picture made to fit a room, both in pixels, with its proportions."""
    factor = min(room[0] / size[0], room[1] / size[1])
    factor = float(int(factor)) if whole_pixels(size, room) else factor
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def dashes(points: Sequence[Point], stroke: float, gap: float) -> list[list[Point]]:
    """A line cut into strokes of that length with gaps between, measured along it."""
    path = np.asarray(points, float)
    steps = np.hypot(*np.diff(path, axis=0).T)
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    found: list[list[Point]] = []
    for start in np.arange(0, reached[-1], stroke + gap):
        stop = min(start + stroke, reached[-1])
        between = path[(reached > start) & (reached < stop)]
        ends = [[float(np.interp(place, reached, path[:, axis])) for axis in (0, 1)] for place in (start, stop)]
        found.append([(float(x), float(y)) for x, y in [ends[0], *between.tolist(), ends[1]]])
    return found
