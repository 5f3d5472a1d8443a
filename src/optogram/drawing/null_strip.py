"""One value against its null: dots that can be counted, the value, its interval, and each twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.drawing.axis import Axis, label_axis, spanning, written
from optogram.drawing.paper import Paper
from optogram.drawing.text import length, shorten
from optogram.drawing.theme import CAPTION, LIGHT, SPACES, Theme

NULL_DOTS = 50
"""A null is drawn as so many quantile dots, each of them two in a hundred: they can be counted."""

_EDGE = SPACES[3]


def quantile_dots(null: Float[np.ndarray, " draw"], count: int = NULL_DOTS) -> Float[np.ndarray, " dot"]:
    """`count` numbers that stand for equal shares of a null: its quantiles at (i + 1/2) / count, ascending."""
    quantiles: np.ndarray = np.quantile(null, (np.arange(count) + 0.5) / count, method="inverted_cdf").astype(float)
    return quantiles


def stacked(places: Sequence[float], diameter: float) -> list[int]:
    """The level of each dot, from 0: the lowest at which it does not touch one that was placed before. Dots keep their own places."""
    reached: list[float] = []
    levels = []
    for place in places:
        level = next((index for index, end in enumerate(reached) if place - end >= diameter * 0.999), len(reached))
        reached[level:] = [place, *reached[level + 1 :]] if level < len(reached) else [place]
        levels.append(level)
    return levels


def null_strip(
    null: Float[np.ndarray, " draw"],
    observed: float,
    *,
    interval: tuple[float, float] | None = None,
    twins: Sequence[float] = (),
    marks: Mapping[str, float] | None = None,
    title: str = "",
    domain: tuple[float, float] | None = None,
    width: float = 376,
    theme: Theme = LIGHT,
    scale: int = 2,
) -> Image.Image:
    """One value against its null: 50 countable dots, the value as a dark line with a head, its interval as a bar on the axis.

    `twins`: one tick below the axis each (a twin's median), since twins and not units are the independent replicates. `marks`: named places
    such as zero and chance. `domain`: least and greatest number of the axis; give the same one to strips that are to be compared.
    """
    held = np.concatenate([null, [observed], interval or [], list(twins), list((marks or {}).values())])
    low_high = domain or (float(held.min()), float(held.max()))
    axis = spanning(np.asarray(low_high), _EDGE + 4, _EDGE + width - 4, margin=0 if domain else 0.04)
    top = _EDGE + (CAPTION * 1.6 if title else 0)
    base = top + 44
    paper = Paper(width + 2 * _EDGE, base + 26 + _EDGE, theme, scale)
    if title:
        value = written(observed)
        paper.text(_EDGE, _EDGE, shorten(title, CAPTION, width - length(value, CAPTION) - 12), CAPTION)
        paper.text(_EDGE + width, _EDGE, value, CAPTION, theme.ink_2, "ra")
    paper.box(_EDGE, base - 0.5, _EDGE + width, base + 0.5, fill=theme.line)
    _dots(paper, axis, quantile_dots(null), base, theme)
    for place in (marks or {}).values():
        paper.box(axis.place(place) - 0.5, base - 2, axis.place(place) + 0.5, base + 10, fill=theme.ink)
    for twin in twins:
        paper.box(axis.place(twin) - 0.5, base + 3, axis.place(twin) + 0.5, base + 9, fill=theme.ink_2)
    if interval:
        paper.box(axis.place(interval[0]), base - 1.5, axis.place(interval[1]), base + 1.5, fill=theme.ink)
    x = axis.place(observed)
    paper.box(x - 2.5, top + 3, x + 2.5, base + 1.5, fill=theme.ground)
    paper.dot(x, top + 4, 5, fill=theme.ground)
    paper.box(x - 1, top + 4, x + 1, base + 1.5, fill=theme.ink)
    paper.dot(x, top + 4, 3.5, fill=theme.ink)
    label_axis(paper, axis, base + 12, axis.ticks(4), marks or {})
    return paper.drawn()


def _dots(paper: Paper, axis: Axis, dots: np.ndarray, base: float, theme: Theme) -> None:
    places = [axis.place(dot) for dot in dots.tolist()]
    highest = {size: (max(stacked(places, size)) + 1) * size for size in (5.0, 4.5, 4.0, 3.5, 3.0, 2.5, 2.0)}
    diameter = next((size for size, height in highest.items() if height <= 40), 40 / len(places))
    for place, level in zip(places, stacked(places, diameter), strict=True):
        paper.dot(place, base - 2 - diameter * (level + 0.5), diameter / 2 - 0.2, outline=theme.ink_2, width=0.75)
