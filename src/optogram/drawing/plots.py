"""Small honest plots: a distribution, and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.drawing.axis import Axis, label_axis, spanning, written
from optogram.drawing.paper import Paper
from optogram.drawing.text import length, shorten
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, Theme

_EDGE = SPACES[3]


def histogram(
    values: Float[np.ndarray, " number"],
    *,
    bins: int = 80,
    kind: str = "linear",
    knee: float | None = None,
    marks: Mapping[str, float] | None = None,
    title: str = "",
    width: float = 416,
    height: float = 72,
    theme: Theme = LIGHT,
    scale: int = 2,
) -> Image.Image:
    """How often which number occurs, in bins of equal width on the axis; named marks stand on it as lines.

    `kind="asinh"` bends the axis for long tails (`knee`: where it begins to bend, by default the median magnitude); a linear axis would put
    everything into the first bins. NaN is counted and told, not drawn.
    """
    finite = values[np.isfinite(values)].astype(float)
    held = np.concatenate([finite, list((marks or {}).values())])
    plain = spanning(held, _EDGE, _EDGE + width, margin=0.01)
    bend = knee or float(np.median(np.abs(finite[finite != 0]))) if np.any(finite) else 1.0
    axis = Axis(plain.low, plain.high, plain.start, plain.end, "asinh" if kind == "asinh" else "linear", bend)
    counts, edges = np.histogram([axis.place(value) for value in finite.tolist()], bins=bins, range=(axis.start, axis.end))
    lost = len(values) - len(finite)
    told = f"{title}{' ' if title else ''}({lost:,} not finite)" if lost else title
    top = _EDGE + (CAPTION * 1.6 if told else 0)
    base = top + height
    paper = Paper(width + 2 * _EDGE, base + 28 + _EDGE, theme, scale)
    paper.text(_EDGE, _EDGE, shorten(told, CAPTION, width), CAPTION) if told else None
    for count, left, right in zip(counts, edges, edges[1:], strict=False):
        if count:
            paper.box(left + 0.25, base - max(1.0, height * count / counts.max()), right - 0.25, base, fill=theme.missing)
    paper.box(_EDGE, base - 0.5, _EDGE + width, base + 0.5, fill=theme.ink_2)
    for place in (marks or {}).values():
        paper.box(axis.place(place) - 0.75, base - height, axis.place(place) + 0.75, base + 4, fill=theme.low)
    label_axis(paper, axis, base + 6, axis.ticks(), marks or {})
    return paper.drawn()


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    across: str = "",
    up: str = "",
    title: str = "",
    include: tuple[float, ...] = (),
    places: Mapping[float, str] | None = None,
    width: float = 416,
    height: float = 200,
    theme: Theme = LIGHT,
    scale: int = 2,
) -> Image.Image:
    """Up to six named curves of (x, y), each with its name at its end; they differ in colour and in dash.

    `across` and `up` name the axes with their units; `include` are heights that must be on the axis (0 by default is not). `places`: where on the
    horizontal axis there is no number but a thing with a name.
    """
    colours = (theme.ink, theme.low, theme.high, theme.salmon, theme.ink_2, theme.missing)
    strokes = (None, None, None, (6.0, 3.0), (2.0, 2.0), (8.0, 2.0))
    left = _EDGE + 40
    top = _EDGE + CAPTION * (1.6 if title else 0) + AXIS * (1.6 if up else 0)
    names = max((length(name, AXIS) for name in lines), default=0.0)
    paper = Paper(left + width + SPACES[1] + names + _EDGE, top + height + AXIS * (3.4 if across else 1.8) + _EDGE, theme, scale)
    everywhere = np.concatenate([np.asarray(line, float) for line in lines.values()], axis=1)
    horizontal, vertical = spanning(everywhere[0], left, left + width, margin=0), spanning(everywhere[1], top + height, top, include)
    paper.text(_EDGE, _EDGE, shorten(title, CAPTION, left + width - _EDGE), CAPTION) if title else None
    paper.text(_EDGE, top - AXIS * 1.6, up, AXIS, theme.ink_2) if up else None
    for tick in vertical.ticks(4):
        y = vertical.place(tick)
        paper.box(left, y - 0.25, left + width, y + 0.25, fill=theme.line)
        paper.text(left - SPACES[0], y, written(tick), AXIS, theme.ink_2, "rm")
    paper.box(left, top + height - 0.5, left + width, top + height + 0.5, fill=theme.ink_2)
    label_axis(paper, horizontal, top + height + 4, list(places) if places else horizontal.ticks(5), {}, places)
    paper.text(left + width, top + height + AXIS * 1.9, across, AXIS, theme.ink_2, "ra") if across else None
    ends = []
    for (name, curve), colour, dash in zip(lines.items(), colours, strokes, strict=False):
        points = [(horizontal.place(a), vertical.place(b)) for a, b in zip(*curve, strict=True) if np.isfinite(a) and np.isfinite(b)]
        paper.line(points, 1.75, colour, dash)
        ends.append((points[-1][1] if points else top, name, colour))
    for y, name, colour in _parted(ends, AXIS * 1.25, top + height):
        paper.text(left + width + SPACES[1], y, name, AXIS, colour, "lm")
    return paper.drawn()


def _parted(ends: list[tuple[float, str, str]], least: float, lowest: float) -> list[tuple[float, str, str]]:
    """Names at the ends of curves, moved apart where they would overlap, and up where they would leave the plot."""
    placed: list[tuple[float, str, str]] = []
    for y, name, colour in sorted(ends):
        placed.append((max(y, placed[-1][0] + least) if placed else y, name, colour))
    for index in range(len(placed) - 1, -1, -1):
        below = placed[index + 1][0] - least if index + 1 < len(placed) else lowest
        placed[index] = (min(placed[index][0], below), *placed[index][1:])
    return placed
