"""The figures of the hand network, what it computes and what each rule says of it, and of what is left level by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.drawing.paper import Paper
from optogram.drawing.sheet import stacked
from optogram.drawing.theme import CAPTION, LIGHT
from optogram.lab._cancellation import over_photographs
from optogram.lab._diagram import diagram
from optogram.lab._paths import PIXELS, written_out
from optogram.lab._show import COLOURS, Measured, whiskers


@dataclass(frozen=True, slots=True)
class Level:
    """What is left at the pixels or at a site: of all photographs, by photograph on the object and off it (NaN: not told), of the twin."""

    name: str
    whole: float
    on: Float[np.ndarray, " photo"]
    off: Float[np.ndarray, " photo"]
    twin: float | None = None


def levels_figure(levels: Sequence[Level]) -> Image.Image:
    """What is left at each level, the pixels first: all of it beside the twin's, on the object and off it, with intervals over photographs."""
    rows = []
    for level in levels:
        rows.append(Measured(level.name, level.whole, control=level.twin))
        told = np.isfinite(level.on + level.off)
        if told.any():
            parts = (("on the object", level.on, COLOURS[1]), ("off it", level.off, COLOURS[0]))
            rows += [_part(f"      {name}", part[told], colour) for name, part, colour in parts]
    return whiskers(
        rows,
        title="The farther from the class, the less is left of the paths",
        across="|sum of signed paths| / sum of |paths|",
        control="a twin with shuffled weights",
        note="Dark: all of the photographs. Bars: 95 % intervals over photographs.",
        include=(0.0, 1.0),
        width=360,
    )


def _part(name: str, values: Float[np.ndarray, " photo"], colour: str) -> Measured:
    return Measured(name, float(values.mean()), *over_photographs(values), colour=colour)


def hand_figure() -> Image.Image:
    """The network that computes a maximum, with its values, and a table of its derivatives by every rule."""
    first, second = PIXELS
    spots = {
        "x1": (50.0, 80.0),
        "x2": (50.0, 160.0),
        "h1": (130.0, 80.0),
        "h2": (130.0, 160.0),
        "d": (230.0, 80.0),
        "e": (230.0, 160.0),
        "max": (330.0, 120.0),
    }
    weights = [("x1", "h1", 1.0), ("x2", "h2", 1.0), ("h1", "d", 1.0), ("h2", "d", -1.0), ("h2", "e", 1.0), ("d", "max", 1.0), ("e", "max", 1.0)]
    d = max(first - second, 0.0)
    values = {
        "x1": f"{first:g}",
        "x2": f"{second:g}",
        "h1": f"{first:g}",
        "h2": f"{second:g}",
        "d": f"{d:.1f}",
        "e": f"{second:g}",
        "max": f"{first:g}",
    }
    note = "d = [h1 - h2]+ and e = [h2]+. From max to x2 lead two paths, +1 by e and -1 by d: their sum is 0."
    forward = diagram(spots, weights, values, title="max(x1, x2) by rectifiers", note=note, width=640)
    written = written_out(first, second)
    rules = (("gradient", "gradient"), ("guided_backprop", "guided"), ("positive_paths", "positive"), ("all_paths", "|paths|"))
    return stacked([forward, _table([(name, words, written[name][rule]) for rule, words in rules for name in ("max", "min")])])


def _table(lines: list[tuple[str, str, tuple[float, float]]]) -> Image.Image:
    paper = Paper(640, 56 + 22 * len(lines))
    for x, text in ((16, "derivative of"), (130, "rule"), (260, "by x1"), (340, "by x2"), (420, "left by x1"), (520, "left by x2")):
        paper.text(x, 14, text, CAPTION, LIGHT.ink_2)
    known = {(name, rule): pair for name, rule, pair in lines}
    for row, (name, rule, pair) in enumerate(sorted(lines, key=lambda line: line[0])):
        y = 40 + 22 * row
        cells = [(16, name), (130, rule), (260, f"{pair[0]:g}"), (340, f"{pair[1]:g}")]
        if rule == "gradient":
            whole = known[name, "|paths|"]
            cells += [(420 + 100 * index, f"{abs(pair[index]):g} of {whole[index]:g}") for index in (0, 1)]
        for x, text in cells:
            paper.text(x, y, text, CAPTION)
    return paper.image
