"""Figures as SVG: text stays text, lines stay lines, pictures are embedded; nothing loads from elsewhere."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image

from optogram.drawing.text import font, length, writable

FONT = "Aileron, Helvetica, Arial, sans-serif"
"""Pillow's own font first; each text says how wide it is, so that another font does not move anything."""
MARKS = "marks"
"""Where a figure keeps the elements that it was drawn with (`Image.info`)."""

Point = tuple[float, float]
_ANCHORS = {"l": "start", "m": "middle", "r": "end"}


def write(image: Image.Image, path: str | Path, kind: str) -> None:
    """Keeps a figure in Pillow's format of that name, or as `SVG`; one that was not drawn by strokes is embedded whole."""
    if kind == "SVG":
        Path(path).write_text(document(image), encoding="utf-8")
        return
    image.save(path, format=kind)


def document(image: Image.Image) -> str:
    """The figure as one SVG file; its units are those of the sheet, half a pixel of the PNG."""
    scale, marks = _marks_of(image)
    size = f'width="{_n(image.width / scale)}" height="{_n(image.height / scale)}"'
    view = f'viewBox="0 0 {_n(image.width / scale)} {_n(image.height / scale)}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="{FONT}">', *marks, "</svg>", ""])


def marked(image: Image.Image, scale: int, marks: Sequence[str]) -> Image.Image:
    """The image with the elements that it was drawn with."""
    image.info[MARKS] = (scale, list(marks))
    return image


def moved(image: Image.Image, x: float, y: float) -> list[str]:
    """The elements of a figure, set into another at this place."""
    return [f'<g transform="translate({_n(x)} {_n(y)})">', *_marks_of(image)[1], "</g>"]


def text(x: float, y: float, words: str, size: float, colour: str, anchor: str) -> str:
    """One line of text, anchored as Pillow does."""
    ascent, descent = (one / 8 for one in _metrics(size))
    down = {"a": ascent, "m": (ascent - descent) / 2, "s": 0.0, "d": -descent}[anchor[1]]
    wide = f'textLength="{_n(length(words, size))}" lengthAdjust="spacingAndGlyphs"' if words.strip() else ""
    where = f'x="{_n(x)}" y="{_n(y + down)}" text-anchor="{_ANCHORS[anchor[0]]}"'
    return f'<text {where} font-size="{_n(size)}" fill="{colour}" {wide}>{escape(writable(words))}</text>'


def line(points: Sequence[Point], width: float, colour: str, dash: Point | None) -> str:
    """A line through the points."""
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    dashed = f' stroke-dasharray="{_n(dash[0])} {_n(dash[1])}"' if dash else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{_n(width)}" stroke-linejoin="round"{dashed}/>'


def box(left: float, top: float, right: float, bottom: float, fill: str | None, outline: str | None, width: float) -> str:
    """A rectangle, its outline inside."""
    inset = width / 2 if outline else 0.0
    size = f'width="{_n(max(0.0, right - left - 2 * inset))}" height="{_n(max(0.0, bottom - top - 2 * inset))}"'
    return f'<rect x="{_n(left + inset)}" y="{_n(top + inset)}" {size} {_paint(fill, outline, width)}/>'


def dot(x: float, y: float, radius: float, fill: str | None, outline: str | None, width: float) -> str:
    """A circle, its outline inside."""
    inset = width / 2 if outline else 0.0
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(max(0.0, radius - inset))}" {_paint(fill, outline, width)}/>'


def embedded(image: Image.Image, x: float, y: float, width: float, height: float, *, smooth: bool) -> str:
    """A picture within the file; `smooth=False` shows its pixels as squares."""
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
    squares = "" if smooth else ' style="image-rendering:pixelated"'
    return f'<image {place} preserveAspectRatio="none"{squares} href="data:image/png;base64,{data}"/>'


def _marks_of(image: Image.Image) -> tuple[int, list[str]]:
    found: tuple[int, list[str]] | None = image.info.get(MARKS)
    return found or (2, [embedded(image, 0, 0, image.width / 2, image.height / 2, smooth=True)])


def _metrics(size: float) -> tuple[float, float]:
    """Ascent and descent in eighths of a unit."""
    face = font(size * 8)
    if not hasattr(face, "getmetrics"):
        return size * 8, 0.0
    ascent, descent = face.getmetrics()
    return float(ascent), float(descent)


def _paint(fill: str | None, outline: str | None, width: float) -> str:
    stroke = f' stroke="{outline}" stroke-width="{_n(width)}"' if outline else ""
    return f'fill="{fill or "none"}"{stroke}'


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
