"""The figure of concepts' importance: a line a concept, its mean share of the response with limits, about nought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.axis import label_axis, spanning
from optogram.drawing.paper import Paper
from optogram.drawing.text import length, wrap
from optogram.drawing.theme import AXIS, CAPTION, SPACES

if TYPE_CHECKING:
    from optogram.attribution._importance import Importance

WIDTH, ROW = 320.0, 22.0
_EDGE = SPACES[3]


def figure(found: Importance) -> Image.Image:
    """Most important first; a dot is hollow where the limits hold nought. Small dots: single photographs."""
    names = [f"concept {concept}" for concept in found.order]
    left = _EDGE + max(length(name, AXIS) for name in names) + SPACES[1]
    whole = left + WIDTH + _EDGE
    text = f"what concepts of {found.site} add to {found.target} (response {found.responses.mean():.3g}, without any {found.without.mean():.3g})"
    title = wrap(text, CAPTION, whole - 2 * _EDGE)
    top = _EDGE + len(title) * CAPTION * 1.4 + SPACES[1]
    paper = Paper(whole, top + ROW * len(names) + 32 + _EDGE)
    for number, line in enumerate(title):
        paper.text(_EDGE, _EDGE + number * CAPTION * 1.4, line, CAPTION)
    axis = spanning(np.append(found.worth.ravel(), 0.0).astype(float), left, left + WIDTH, margin=0.05)
    base = top + ROW * len(names)
    paper.line([(axis.place(0.0), top), (axis.place(0.0), base)], 1, paper.theme.line)
    for place, (name, concept) in enumerate(zip(names, found.order, strict=True)):
        y = top + ROW * (place + 0.5)
        low, high = float(found.low[concept]), float(found.high[concept])
        paper.text(left - SPACES[1], y, name, AXIS, paper.theme.ink, "rm")
        for one in found.worth[:, concept]:
            paper.dot(axis.place(float(one)), y, 1.5, fill=paper.theme.line)
        if np.isfinite(low):
            paper.line([(axis.place(low), y), (axis.place(high), y)], 1.5, paper.theme.low)
        told = not np.isfinite(low) or low > 0 or high < 0
        fill = paper.theme.low if told else paper.theme.surface
        paper.dot(axis.place(float(found.mean[concept])), y, 4, fill=fill, outline=paper.theme.low, width=1.5)
    paper.box(left, base, left + WIDTH, base + 1, fill=paper.theme.ink_2)
    label_axis(paper, axis, base + 6, axis.ticks(5), {})
    return paper.drawn()
