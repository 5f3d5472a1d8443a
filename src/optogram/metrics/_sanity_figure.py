"""The figure of a sanity check: the map beside those that it should differ from, all on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.colour import limit_of, signed, unsigned
from optogram.drawing.sheet import grid

if TYPE_CHECKING:
    from optogram.metrics._sanity import Sanity

HEADS = {"learning": "learning destroyed", "upper layers": "upper half destroyed", "class": "another {other}"}


def figure(sanity: Sanity) -> Image.Image:
    """The first photograph, its map, and one map of each check; each scaled to its own limit, as destroyed networks have gradients of any size."""
    attribution = sanity.attribution
    photo = np.moveaxis(np.asarray(attribution.images[0]), 0, -1).clip(0, 1)
    maps = [attribution.map(0), *sanity.examples]
    colour = signed if attribution.signed else unsigned
    limits = [limit_of(values) for values in maps]
    pictures = [photo, *(colour(values, limit) for values, limit in zip(maps, limits, strict=True))]
    heads = ["photograph", "the map", *(HEADS[check.name].format(other=check.other) for check in sanity.checks)]
    ends = ["", *(f"colours end at {'±' if attribution.signed else ''}{limit:.2g}" if limit else "nought everywhere" for limit in limits)]
    kept = [f"stays {check.likeness:.2f} alike, SSIM {check.ssim:.2f}: {check.verdict}" for check in sanity.checks]
    captions = [attribution.target, ends[1], *(f"{end}\n{text}" for end, text in zip(ends[2:], kept, strict=True))]
    return grid(pictures, heads=heads, captions=captions, title=f"{attribution.method}: {sanity.verdict}", note=str(sanity), columns=len(pictures))
