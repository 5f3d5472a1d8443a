"""How the tuning lab draws cells by layer, one unit's curves, and what pooling does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.axis import Axis
from optogram.drawing.colour import signed, unsigned
from optogram.drawing.paper import Paper
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid, stacked
from optogram.drawing.text import length, wrap
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE
from optogram.evenly import evenly
from optogram.lab._show import beside
from optogram.physiology.invariance import POOLINGS
from optogram.physiology.macaque import variances

if TYPE_CHECKING:
    from optogram.lab.tuning import TuningResult

GREATEST = 2.0
CURVES = 6
"""In one figure."""
_WIDTH, _ROW = 380.0, 44.0


def layers(result: TuningResult) -> Image.Image:
    """Each unit's F1/F0 as a dot, layer by layer; the twin's below in gray; the border between complex and simple at 1."""
    names = max(76.0, *(length(site, CAPTION) + SPACES[1] for site in result.sites))
    left = SPACES[3] + names
    axis = Axis(0.0, GREATEST, left, left + _WIDTH)
    top = SPACES[3] + TITLE * 1.8
    base = top + _ROW * len(result.sites)
    note = (
        "Each dot is a unit that gratings drive: right of the line its response follows the stripes as they pass (simple), left of it hardly. Gray: "
    )
    lines = wrap(note + f"the same layer of a twin with shuffled weights. {GREATEST:g} stands for all that is greater.", CAPTION, _WIDTH + names)
    paper = Paper(left + _WIDTH + SPACES[3], base + AXIS * 4 + len(lines) * CAPTION * 1.35 + SPACES[3])
    paper.text(SPACES[3], SPACES[3], "Simple and complex units by layer", TITLE)
    random = np.random.default_rng(0)
    for number, site in enumerate(result.sites):
        y = top + _ROW * number
        paper.text(SPACES[3], y + _ROW / 2, site, CAPTION, anchor="lm")
        for values, colour, place in ((result.ratio[number], LIGHT.high, 0.3), (result.twin_ratio[number], LIGHT.missing, 0.72)):
            for value in values[np.isfinite(values) | np.isinf(values)]:
                paper.dot(axis.place(min(float(value), GREATEST)), y + _ROW * place + random.uniform(-6, 6), 2, fill=colour)
        paper.box(left, y + _ROW - 0.5, left + _WIDTH, y + _ROW, fill=LIGHT.line)
    paper.line([(axis.place(1), top), (axis.place(1), base)], 1, LIGHT.ink_2, (3, 3))
    for tick in (0.0, 0.5, 1.0, 1.5, 2.0):
        paper.text(axis.place(tick), base + 5, f"{tick:g}", AXIS, LIGHT.ink_2, "ma")
    paper.text(left + _WIDTH, base + AXIS * 1.8, "F1/F0", AXIS, LIGHT.ink_2, "ra")
    for number, line in enumerate(lines):
        paper.text(SPACES[3], base + AXIS * 4 + number * CAPTION * 1.35, line, CAPTION, LIGHT.ink_2)
    return paper.image


def sharpness(result: TuningResult) -> Image.Image:
    """The share of each of five sites' units, at most, below each circular variance, beside the cells of macaque V1."""
    shown = evenly(list(zip(result.sites, result.variance, strict=True)), CURVES - 1)
    values = {**dict(shown), "macaque V1": variances()}
    lines = {}
    for name, found in values.items():
        found = np.sort(found[np.isfinite(found)])
        if len(found):
            lines[name] = ([0.0, *found.tolist(), 1.0], [0.0, *(100 * np.arange(1, len(found) + 1) / len(found)).tolist(), 100.0])
    up = "units below it, %"
    return curves(lines, across="circular variance: 0 one orientation, 1 all alike", up=up, title="How sharply units are tuned", include=(0.0, 100.0))


def unit(result: TuningResult) -> Image.Image:
    """One unit's curves over orientation, frequency, phase, size, contrast and a bar's place; its field mapped by spots; bars at all angles."""
    octave = np.log2(1 / result.frequencies)
    places = {float(power): f"{2.0**power:g}" for power in range(math.ceil(octave.min()), math.floor(octave.max()) + 1)}
    best = int(result.by_orientation.argmax())
    above = [
        _curve("orientation, degrees", result.orientations, {"": result.by_orientation}, title=result.unit),
        _curve("pixels a cycle", octave, {"": result.by_frequency}, title=" ", places=places),
        _curve("phase of the best grating, degrees", np.degrees(result.phases), {"": result.by_phase}, title=" "),
    ]
    below = [
        _curve("radius of the grating, pixels", result.radii, {"": result.by_size}),
        _curve("contrast", result.contrasts, {"": result.by_contrast}),
        _curve("a bar's place, pixels", result.offsets, {"white": result.bars[0, best], "black": result.bars[1, best]}),
    ]
    bars = result.bars / max(float(result.bars.max()), 1e-12)
    maps = [signed(result.field), unsigned(bars[0], 1.0), unsigned(bars[1], 1.0)]
    captions = ["white spot minus black one", "white bar: angle down, offset across", "black bar"]
    return stacked([beside(above), beside(below), grid(maps, captions=captions, columns=3, cell=148)])


def _curve(across: str, at: np.ndarray, lines: dict[str, np.ndarray], title: str = "", places: dict[float, str] | None = None) -> Image.Image:
    drawn = {name: (at.tolist(), line.tolist()) for name, line in lines.items()}
    return curves(drawn, across=across, up="rate", title=title, places=places, include=(0.0,), width=200, height=110)


def pooling(result: TuningResult) -> Image.Image:
    """Median F1/F0 against the side of the neighbourhood."""
    lines = {str(name): (list(result.windows), result.pooled[number].tolist()) for number, name in enumerate(POOLINGS)}
    title = f"Simple units of {result.sites[0]}, pooled over their neighbours"
    places = {float(side): f"{side}x{side}" for side in result.windows}
    return curves(lines, across="neighbours", up="median F1/F0: below 1 is complex", title=title, include=(0.0, 1.0), places=places)
