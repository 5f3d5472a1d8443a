"""How many times fewer queries each access takes than counted spikes do, for a planted and for a real unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.axis import Axis
from optogram.drawing.paper import Paper
from optogram.drawing.text import wrap
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE
from optogram.lab._recovery import ACCESSES

if TYPE_CHECKING:
    from optogram.lab.greybox import GreyboxResult

_WIDTH, _ROW, _NAMES = 300.0, 34.0, 96.0
NOTE = (
    "By how much is the artificial problem easier? How many times fewer pictures each way takes than counting spikes does, until the template "
    "foretells nine tenths of what the best one does. Filled: the planted unit; open: the real one; bars: 95 % over repeats; not reached: not by all "
    "queries that were made. Weights take none."
)


def ratios(result: GreyboxResult) -> Image.Image:
    """A row for each access, the ratio across on a logarithmic axis; 1 is as many pictures as with spikes. Bounds say so instead of having a bar, and
    so does a unit that an access does not tell of.
    """
    finite = result.easier[np.isfinite(result.easier)]
    high = max(10.0, float(finite.max()) if finite.size else 10.0)
    bounds = np.isfinite(result.easier[:, :, 0]) & ~np.isfinite(result.easier[:, :, 1])
    room = 8 if bounds.any() else 2  # For what is written beside bounds.
    left, top = SPACES[3] + _NAMES, SPACES[3] + TITLE * 1.8
    axis = Axis(np.log10(min(0.5, 0.7 * float(finite.min()) if finite.size else 0.5)), np.log10(high * room), left, left + _WIDTH)
    lines = wrap(NOTE, CAPTION, _WIDTH + _NAMES)
    rows = [number for number in range(1, len(ACCESSES)) if np.isfinite(result.easier[:, number, 0]).any()]
    base = top + _ROW * max(len(rows), 1)
    paper = Paper(left + _WIDTH + SPACES[3], base + AXIS * 4.5 + len(lines) * CAPTION * 1.35 + SPACES[3])
    paper.text(SPACES[3], SPACES[3], "How many times fewer queries than with spikes", TITLE)
    paper.box(left, top, left + _WIDTH, base, fill=LIGHT.surface)
    paper.line([(axis.place(0.0), top), (axis.place(0.0), base)], 1, LIGHT.missing, (4, 3))
    for place, number in enumerate(rows):
        middle = top + _ROW * (place + 0.5)
        paper.text(left - 8, middle, ACCESSES[number], AXIS, LIGHT.ink, "rm")
        for unit, down in ((0, -6.0), (1, 6.0)):
            _dot(paper, axis, middle + down, result.easier[unit, number], filled=unit == 0)
    for power in range(int(np.floor(axis.low)) + 1, int(np.floor(axis.high)) + 1):
        paper.text(axis.place(power), base + 6, f"{10.0**power:,g}", AXIS, LIGHT.ink_2, "ma")
    paper.text(left + _WIDTH, base + AXIS * 1.9, "times fewer", AXIS, LIGHT.ink_2, "ra")
    for number, line in enumerate(lines):
        paper.text(SPACES[3], base + AXIS * 4 + number * CAPTION * 1.35, line, CAPTION, LIGHT.ink_2)
    return paper.image


def _dot(paper: Paper, axis: Axis, y: float, ratio: np.ndarray, *, filled: bool) -> None:
    value, low, high = np.log10(ratio).tolist()
    if not np.isfinite(value):
        paper.text(axis.place(0.0) + 8, y, f"{'planted' if filled else 'real'} unit: not reached", AXIS, LIGHT.ink_2, "lm")
        return
    x = axis.place(value)
    if np.isfinite(low):
        start, end = (min(max(axis.place(limit), axis.start), axis.end) for limit in (low, high))
        paper.box(start, y - 1, end, y + 1, fill=LIGHT.low)
    else:
        paper.text(x + 8, y, "or more", AXIS, LIGHT.ink_2, "lm")
    paper.dot(x, y, 4, fill=LIGHT.low if filled else LIGHT.surface)
    paper.dot(x, y, 4, outline=LIGHT.low, width=1.5)
