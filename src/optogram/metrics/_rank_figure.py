"""The figure of a ranking: each method's mean with its limits, free maps apart in colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.axis import label_axis, spanning
from optogram.drawing.paper import Paper
from optogram.drawing.text import length, wrap
from optogram.drawing.theme import AXIS, CAPTION, SPACES

if TYPE_CHECKING:
    from optogram.metrics._rank import Ranking

WIDTH, ROW = 320.0, 22.0
_EDGE = SPACES[3]


def figure(ranking: Ranking) -> Image.Image:
    """One row a method, best first: a dot at the mean, a line over its limits; what is no better than free is hollow."""
    names = max(length(one.method, AXIS) for one in ranking.standings) + SPACES[1]
    notes = max(length(_note(one), AXIS) for one in ranking.standings) + SPACES[1]
    left = _EDGE + names
    whole = left + WIDTH + notes + _EDGE
    blur = f", maps blurred to a width of {ranking.blur:.3g} pixels" if ranking.blur else ""
    title = wrap(f"{ranking.metric} on {ranking.values.shape[1]} photographs: {ranking.better} is better{blur}", CAPTION, whole - 2 * _EDGE)
    top = _EDGE + len(title) * CAPTION * 1.4 + SPACES[1]
    foot = [line for text in _foot(ranking) for line in wrap(text, AXIS, whole - 2 * _EDGE)]
    paper = Paper(whole, top + ROW * len(ranking.standings) + 40 + len(foot) * AXIS * 1.4 + _EDGE)
    for number, line in enumerate(title):
        paper.text(_EDGE, _EDGE + number * CAPTION * 1.4, line, CAPTION)
    ends = np.array([value for one in ranking.standings for value in (one.mean, one.low, one.high) if np.isfinite(value)])
    axis = spanning(ends, left, left + WIDTH, margin=0.05)
    for place, one in enumerate(ranking.standings):
        y = top + ROW * (place + 0.5)
        colour = paper.theme.ink_2 if one.free else paper.theme.low
        paper.text(left - SPACES[1], y, one.method, AXIS, paper.theme.ink_2 if one.free else paper.theme.ink, "rm")
        if np.isfinite(one.low):
            paper.line([(axis.place(one.low), y), (axis.place(one.high), y)], 1.5, colour)
        filled = one.verdict in ("beyond", "free", "")
        paper.dot(axis.place(one.mean), y, 4, fill=colour if filled else paper.theme.surface, outline=colour, width=1.5)
        paper.text(left + WIDTH + SPACES[1], y, _note(one), AXIS, paper.theme.ink_2, "lm")
    base = top + ROW * len(ranking.standings)
    paper.box(left, base, left + WIDTH, base + 1, fill=paper.theme.ink_2)
    label_axis(paper, axis, base + 6, axis.ticks(5), {})
    for number, line in enumerate(foot):
        paper.text(_EDGE, base + 40 + number * AXIS * 1.4, line, AXIS, paper.theme.ink_2)
    return paper.image


def _foot(ranking: Ranking) -> list[str]:
    """What dots and lines are, what the words at the right were told by, who is missing."""
    paired = f"; the words at the right are by differences from {ranking.rival} on the same photograph" if ranking.rival else ""
    refused = [f"not defined here: {', '.join(ranking.refused)}"] if ranking.refused else []
    return [f"dot: the mean of {ranking.metric}, line: its 95% limits over photographs{paired}", *refused]


def _note(one: object) -> str:
    verdict = getattr(one, "verdict", "")
    return {"": "", "beyond": "beyond free maps", "below": "below the best free map", "free": "costs nothing"}.get(
        verdict, "can't be told from a free map"
    )
