"""Small networks drawn as circles and lines, with values in the circles and weights or derivatives on the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image

from optogram.drawing.paper import Paper
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, TITLE

Spot = tuple[float, float]


def diagram(
    units: Mapping[str, Spot],
    lines: Sequence[tuple[str, str, float]],
    values: Mapping[str, str],
    *,
    title: str = "",
    note: str = "",
    width: float = 430,
    height: float = 230,
) -> Image.Image:
    """Units at their places (units of the paper), lines from one to the next with a number each: orange positive, blue negative, gray zero."""
    paper = Paper(width, height)
    paper.text(16, 14, title, TITLE)
    paper.text(16, height - 16 - CAPTION, note, CAPTION, LIGHT.ink_2)
    for start, end, number in lines:
        colour = LIGHT.high if number > 0 else LIGHT.low if number < 0 else LIGHT.line
        paper.line([units[start], units[end]], 2, colour)
    for start, end, number in lines:
        (a, b), (c, d) = units[start], units[end]
        x, y = a + 0.36 * (c - a), b + 0.36 * (d - b)
        paper.box(x - 11, y - 8, x + 11, y + 8, fill=LIGHT.ground)
        paper.text(x, y, f"{number:+g}" if number else "0", AXIS, LIGHT.ink, "mm")
    for name, (x, y) in units.items():
        paper.dot(x, y, 21, fill=LIGHT.surface)
        paper.dot(x, y, 21, outline=LIGHT.ink_2, width=1.25)
        paper.text(x, y - 7, name, AXIS, LIGHT.ink, "mm")
        paper.text(x, y + 7, values.get(name, ""), AXIS, LIGHT.ink_2, "mm")
    return paper.image
