"""The salmon's figures: slices with active voxels, false alarms beside power, an untrained network's detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

from optogram.drawing.axis import Axis
from optogram.drawing.paper import Paper
from optogram.drawing.sheet import grid, stacked
from optogram.drawing.text import wrap
from optogram.drawing.theme import AXIS, CAPTION, LIGHT, SPACES, TITLE, rgb
from optogram.lab._result import Finding, percent

ENLARGED = 6
"""Pixels of the drawn anatomy for each voxel's side."""
CELL = 88


def slices(
    t_map: Float[np.ndarray, "x y z"], masks: Mapping[str, Bool[np.ndarray, "x y z"]], dead: Mapping[str, Int[np.ndarray, " fish"]]
) -> Image.Image:
    """Every slice of the fish, from one side to the other, twice: uncorrected above, corrected below; each in two rows as long as each other."""
    places = range(t_map.shape[2])
    columns = -(-len(places) // 2)
    body = outline(t_map.shape, ENLARGED)
    rows = []
    for name, title in (("uncorrected", "Uncorrected (p < .001, 3 voxels)"), ("max-T", "Corrected for all voxels (max-T)")):
        pictures = [_slice(body[:, :, z], t_map[:, :, z], masks[name][:, :, z]) for z in places]
        rows.append(grid(pictures, title=f"{title}: {int(masks[name].sum())} of {t_map.size:,} active", columns=columns, cell=CELL))
    fish, lit, left = len(dead["max-T"]), int((dead["uncorrected"] > 0).sum()), int((dead["max-T"] > 0).sum())
    note = (
        f"A scan of pure noise, drawn over the outline of a salmon. {lit} of {fish} such fish light up uncorrected, and this one has as many active "
        f"voxels as is usual among them; {left} of {fish} do after correction."
    )
    return stacked([*rows, _line(note, rows[0].width)])


def outline(shape: tuple[int, ...], finer: int) -> Float[np.ndarray, "x y z"]:
    """How bright a fish's anatomy is drawn, 0 to 1, `finer` than the voxels within a slice: a body, a tail, a spine and two eyes.

    The statistics know nothing of it.
    """
    sides = (shape[0] * finer, shape[1] * finer, shape[2])
    x, y, z = (np.linspace(-1, 1, side).reshape([-1 if axis == own else 1 for axis in range(3)]) for own, side in enumerate(sides))
    # A little wider than the volume, so that the outermost slices show flank and not black.
    body = ((x + 0.2) / 0.75) ** 2 + (y / 0.52) ** 2 + (z / 1.12) ** 2 < 1
    tail = (x > 0.42) & (x < 0.92 - 0.35 * (0.5 - np.abs(y))) & (np.abs(y) < 0.08 + 0.8 * (x - 0.42)) & (np.abs(z) < 0.4)
    spine = body & (np.abs(y) < 0.045) & (np.abs(z) < 0.3)
    eyes = ((x + 0.66) / 0.1) ** 2 + ((y + 0.14) / 0.12) ** 2 + ((np.abs(z) - 0.45) / 0.2) ** 2 < 1
    return np.asarray(0.1 + 0.38 * (body | tail) + 0.14 * spine + 0.25 * eyes)


def alarms(findings: Sequence[Finding], methods: Sequence[str]) -> Image.Image:
    """For each method a row: false alarms among dead fish, among those whose noise remembers, and the share found in living ones."""
    known = {found.name: found for found in findings}
    panels = (("dead", "dead fish with any active voxel"), ("remembering", "the same, noise that remembers"), ("power", "planted voxels found"))
    left, wide, row = 168.0, 176.0, 26.0
    gap = SPACES[5]
    paper = Paper(left + 3 * (wide + gap), 72 + row * len(methods) + SPACES[4])
    paper.text(SPACES[3], SPACES[2], "What each correction costs and saves", TITLE)
    for column, (kind, title) in enumerate(panels):
        start = left + column * (wide + gap)
        axis = Axis(0, 1, start, start + wide)
        paper.text(start, 46, title, AXIS, LIGHT.ink_2)
        bottom = 68 + row * len(methods)
        for tick in (0.0, 0.5, 1.0):
            paper.box(axis.place(tick) - 0.25, 64, axis.place(tick) + 0.25, bottom, fill=LIGHT.line)
            paper.text(axis.place(tick), bottom + 4, percent(tick), AXIS, LIGHT.ink_2, "ma")
        if kind != "power":
            paper.line([(axis.place(0.05), 64), (axis.place(0.05), bottom)], 1, LIGHT.salmon, (3.0, 2.0))
        for index, method in enumerate(methods):
            y = 68 + row * (index + 0.5)
            if column == 0:
                paper.text(SPACES[3], y, method, CAPTION, LIGHT.ink, "lm")
            _measured(paper, axis, y, known[f"{kind}-{method.lower().replace(' ', '-')}"], LIGHT.low if kind == "power" else LIGHT.salmon)
    return paper.image


def detectors(counts: Int[np.ndarray, "network method"], shuffled: Int[np.ndarray, " method"], methods: Sequence[str], note: str) -> Image.Image:
    """Units of untrained networks that each method calls detectors: the first network's (filled), others' (open), with labels shuffled (a bar)."""
    left, wide, row = 120.0, 380.0, 34.0
    lines = wrap(note, CAPTION, left + wide, 4)
    paper = Paper(left + wide + SPACES[4] + SPACES[3], 76 + row * len(methods) + 20 + len(lines) * 18 + SPACES[3])
    paper.text(SPACES[3], SPACES[2], "Detectors in networks that have learned nothing", TITLE)
    axis = Axis(0, max(1.0, float(counts.max())), left, left + wide)
    bottom = 52 + row * len(methods)
    for tick in axis.ticks(5):
        paper.box(axis.place(tick) - 0.25, 48, axis.place(tick) + 0.25, bottom, fill=LIGHT.line)
        paper.text(axis.place(tick), bottom + 4, f"{tick:g}", AXIS, LIGHT.ink_2, "ma")
    for index, method in enumerate(methods):
        y = 52 + row * (index + 0.5)
        paper.text(SPACES[3], y, method, CAPTION, LIGHT.ink, "lm")
        for value in counts[1:, index]:
            paper.dot(axis.place(float(value)), y, 4, fill=LIGHT.ground, outline=LIGHT.ink_2)
        paper.dot(axis.place(float(counts[0, index])), y, 5, fill=LIGHT.salmon)
        x = axis.place(float(shuffled[index]))
        paper.box(x - 1, y - 9, x + 1, y + 9, fill=LIGHT.ink)
    paper.text(left + wide, bottom + 18, "units; bar: labels shuffled, open dots: other untrained networks", AXIS, LIGHT.ink_2, "ra")
    for number, line in enumerate(lines):
        paper.text(SPACES[3], bottom + 40 + 18 * number, line, CAPTION, LIGHT.ink_2)
    return paper.image


def _slice(body: np.ndarray, t_map: np.ndarray, mask: np.ndarray) -> UInt8[np.ndarray, "height width 3"]:
    """One slice, head to the left: anatomy in gray with the scan's grain, active voxels in two tones by their t."""
    t_map, mask = (np.kron(values, np.ones((ENLARGED, ENLARGED))) for values in (t_map, mask))
    gray = np.clip(255 * (body + 0.015 * t_map * (body > 0.2)), 0, 255)
    strength = np.clip((t_map - 3) / 3, 0, 1)[:, :, None]
    warm = (1 - strength) * np.array(rgb("#e0701a")) + strength * np.array(rgb("#ffe066"))
    picture = np.where(mask[:, :, None] > 0, warm, np.repeat(gray[:, :, None], 3, axis=2))
    return np.asarray(picture.transpose(1, 0, 2).astype(np.uint8))


def _measured(paper: Paper, axis: Axis, y: float, found: Finding, colour: str) -> None:
    low, high = found.low or 0.0, found.high or 0.0
    paper.box(axis.place(low), y - 1.5, max(axis.place(high), axis.place(low) + 1), y + 1.5, fill=LIGHT.missing)
    paper.dot(axis.place(found.value), y, 5, fill=colour)


def _line(text: str, width: int) -> Image.Image:
    units = width / 2
    lines = wrap(text, CAPTION, units - 2 * SPACES[3], 3)
    paper = Paper(units, len(lines) * 18 + SPACES[3])
    for number, line in enumerate(lines):
        paper.text(SPACES[3], 18 * number, line, CAPTION, LIGHT.ink_2)
    return paper.image
