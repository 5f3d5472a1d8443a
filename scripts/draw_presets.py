"""Draws docs/presets.png: every preset on the same units of the demo network, a row a preset.

    python scripts/draw_presets.py [--quick] [--presets NAME...]

`--quick` takes a quarter of each recipe's steps and at most 4 views a step.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import optogram as og
from optogram.synthesis.recipe import PRESETS
from optogram.zoo._photographs import held_out_crops

UNITS = ("bn1:3", "bn2:10", "bn3:20", "bn4:7", "bn4:40", "head_photo:3")
FROM_PHOTOGRAPH = ("accentuation", "deepdream")
CAT = 18
"""Of the hundred photographs, one with something at every scale: a cat's eye."""
SIDE, LEFT, TOP, GAP = 96, 110, 22, 6
INK, PAPER = (40, 40, 40), (255, 255, 255)


def shown(picture: np.ndarray) -> np.ndarray:
    """The picture; a faint one at full contrast about gray, as the code published with Yosinski's recipes shows all."""
    reach = float(np.abs(picture - 0.5).max())
    return (picture - 0.5) * (0.5 / max(reach, 1e-6)) + 0.5 if reach < 0.25 else picture


def main() -> None:
    """Makes the page, and says what each preset reached and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "presets.png")
    parser.add_argument("--presets", nargs="*")
    settings = parser.parse_args()
    net = og.load("zoo:photonet")
    crops = held_out_crops()
    photographs = np.stack([np.asarray(crops.load(index)) for index in range(0, len(crops), max(1, len(crops) // 96))])
    names = settings.presets or PRESETS.names()
    page = Image.new("RGB", (LEFT + len(UNITS) * (SIDE + GAP), TOP + len(names) * (SIDE + GAP)), PAPER)
    pen = ImageDraw.Draw(page)
    for column, unit in enumerate(UNITS):
        pen.text((LEFT + column * (SIDE + GAP), 5), unit, fill=INK)
    for row, name in enumerate(names):
        start, recipe = time.perf_counter(), PRESETS.get(name)
        given = {"image": photographs[CAT]} if name in FROM_PHOTOGRAPH else {}
        if name == "maco":
            given = {"photos": og.open_images(photographs)}
        if settings.quick:
            given |= {"steps": max(24, (recipe.steps or 256) // 4), "views": min(4, recipe.views)}
        found = og.synthesize(net, list(UNITS), preset=name, size=64, progress=False, **given)
        pen.text((4, TOP + row * (SIDE + GAP) + SIDE // 2 - 6), name, fill=INK)
        for column in range(len(UNITS)):
            pixels = np.round(shown(found.image(column)).transpose(1, 2, 0) * 255).astype(np.uint8)
            cell = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            page.paste(cell, (LEFT + column * (SIDE + GAP), TOP + row * (SIDE + GAP)))
        page.save(settings.out, optimize=True)
        print(f"{name}, {time.perf_counter() - start:.0f} s", *map(found.line, range(len(found))), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
