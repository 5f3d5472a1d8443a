"""Hidden units as cards: the template that a unit reads, what it says to every class, and its bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.drawing.colour import signed
from optogram.drawing.paper import Paper
from optogram.drawing.text import length, shorten
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE

SIDE = 76.0
ROW = 13.0
MOST = 10
"""Classes that a card has room for; where there are more, those are drawn that the unit says most to."""


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """One hidden unit."""

    number: int
    template: Float[np.ndarray, "row column"]
    outgoing: Float[np.ndarray, " class"]
    bias: float
    contribution: float
    on: float


def cards(units: Sequence[Card], names: Sequence[str], *, columns: int = 4, title: str = "", note: str = "") -> Image.Image:
    """Cards row by row."""
    shown = min(MOST, len(names))
    label = min(64.0, max(length(name, AXIS) for name in names))
    wide, high = SIDE + SPACES[1] + label + 4 + 84, max(SIDE, shown * ROW) + 34
    across, down = min(columns, len(units)), -(-len(units) // columns)
    edge = SPACES[3]
    top = edge + (TITLE * 1.6 if title else 0)
    paper = Paper(across * (wide + edge) + edge, top + down * (high + edge) + (CAPTION * 1.6 if note else 0) + edge / 2)
    paper.text(edge, edge, title, TITLE)
    limit = max(float(np.abs(unit.outgoing).max()) for unit in units) or 1.0
    for index, unit in enumerate(units):
        row, column = divmod(index, across)
        _card(paper, edge + column * (wide + edge), top + row * (high + edge), unit, names, limit, label, shown)
    paper.text(edge, top + down * (high + edge), shorten(note, CAPTION, across * (wide + edge) - edge), CAPTION, LIGHT.ink_2)
    return paper.image


def _card(paper: Paper, left: float, top: float, unit: Card, names: Sequence[str], limit: float, label: float, shown: int) -> None:
    paper.text(left, top, f"unit {unit.number}   bias {unit.bias:+.2f}", AXIS, LIGHT.ink)
    paper.picture(left, top + 16, SIDE, SIDE, signed(unit.template))
    paper.text(left, top + 20 + max(SIDE, shown * ROW), f"on for {unit.on:.0%}, contributes {unit.contribution:.2f}", AXIS, LIGHT.ink_2)
    start = left + SIDE + SPACES[1] + label + 4
    middle = start + 42
    strongest = sorted(np.argsort(-np.abs(unit.outgoing))[:shown].tolist())
    for row, number in enumerate(strongest):
        y = top + 16 + row * ROW + ROW / 2
        weight = float(unit.outgoing[number])
        paper.text(start - 6, y, shorten(names[number], AXIS, label), AXIS, LIGHT.ink, "rm")
        end = middle + 40 * weight / limit
        paper.box(min(middle, end), y - 4, max(middle, end) + 0.5, y + 4, fill=LIGHT.high if weight > 0 else LIGHT.low)
    paper.box(middle - 0.5, top + 16, middle + 0.5, top + 16 + shown * ROW, fill=LIGHT.ink_2)
