"""The figures of the lab on motifs in two dimensions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from PIL import Image

from optogram.drawing.colour import signed
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid, stacked
from optogram.drawing.theme import LIGHT, rgb
from optogram.lab._ends_corners import KERNEL, KINDS, corners, ends, motif, responses
from optogram.lab._letters import THICK, C, D, pixels
from optogram.lab._show import beside

ROW = 12


def by_hand() -> Image.Image:
    """The exact templates, and where they answer."""
    rows: list[np.ndarray] = []
    for letter in (C, D):
        canvas = np.pad(pixels(letter), 2)
        maps = [np.pad(responses(canvas[None], part)[0].sum(axis=0), 1) for part in (ends(), corners())]
        rows += [1 - canvas, signed(maps[0], 1.0), signed(maps[1], 1.0)]
    heads = ["letter", "ends found", "corners found"]
    sheet = grid(rows, columns=3, heads=heads, labels=["C", "D"], title="Threshold and sum: a C has two ends, a D two corners", cell=120)
    templates = [signed(part, 1.0) for part in (*ends(), *corners())]
    return stacked([grid(templates, columns=12, title="Eight ends and four corners (orange wants ink, blue none)", cell=44), sheet])


def learned(
    templates: Float[np.ndarray, "2 template row column"], used: Float[np.ndarray, "2 template"], tuned: Float[np.ndarray, "2 template 4"]
) -> Image.Image:
    """The learned templates of either group, those that vote most first, and what drives each most; what they were shown."""
    pictures, captions = [], []
    for group in range(2):
        for index in np.argsort(-used[group]).tolist():
            pictures.append(signed(templates[group, index]))
            captions.append(f"most: {KINDS[tuned[group, index].argmax()]}" if used[group, index] > 0 else "silent")
    note = "Those that vote most stand first. Below each, which of the four motifs drives it most, over directions, thicknesses and places."
    labels = ["votes for C", "votes for D"]
    sheet = grid(
        pictures, captions=captions, columns=templates.shape[1], labels=labels, title="Templates learned from labels alone", note=note, cell=78
    )
    shown = [1 - motif(kind, angle, 90.0, KERNEL + 6, THICK) for kind in KINDS for angle in (0.0, 0.8)]
    heads = [head for kind in KINDS for head in (kind, "")]
    return stacked([sheet, grid(shown, columns=len(shown), heads=heads, title="Four motifs, two of their directions", cell=52)])


def places(
    letters: Float[np.ndarray, "letter row column"],
    classes: Int[np.ndarray, " letter"],
    at: Int[np.ndarray, "letter 2"],
    hit: Bool[np.ndarray, " letter"],
) -> Image.Image:
    """The window that decided about each letter."""
    pictures = []
    for number in range(2):
        for letter, place, right in [row for row, kind in zip(zip(letters, at, hit, strict=True), classes, strict=True) if kind == number][:ROW]:
            shown = np.repeat(np.round(255 * (1 - 0.7 * letter)).astype(np.uint8)[:, :, None], 3, axis=2)
            top, left = place.tolist()
            colour = rgb(LIGHT.high if right else LIGHT.low)
            shown[[top, top + KERNEL - 1], left : left + KERNEL] = colour
            shown[top : top + KERNEL, [left, left + KERNEL - 1]] = colour
            pictures.append(shown)
    note = "The window that the strongest vote came from. Orange: an end of the C or a corner of the D lies in it; blue: none does."
    return grid(pictures, columns=ROW // 2, title="Where the learned templates look", note=note, cell=116)


def robust(strengths: Float[np.ndarray, " strength"], rates: Float[np.ndarray, "distortion detector strength"]) -> Image.Image:
    """Accuracy against distortion of the plane, and of the stroke."""
    said = (
        ("Letters turned, stretched and sheared", "distortion (1: sides times .8 to 1.2, sheared by .3)"),
        ("Letters turned, strokes bent and uneven", "distortion (1: bent by a pixel, 1.5 to 2.9 pixels thick)"),
    )
    pictures = []
    for (title, words), part in zip(said, rates, strict=True):
        lines = {name: (strengths.tolist(), row.tolist()) for name, row in zip(("set by hand", "learned"), part, strict=True)}
        pictures.append(curves(lines, across=words, up="new letters named rightly", title=title, include=(0.5, 1.0), width=300))
    return beside(pictures)
