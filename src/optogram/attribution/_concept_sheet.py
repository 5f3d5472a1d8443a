"""The figure of concepts: for each, the photographs that have most of it, with where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.drawing.colour import limit_of
from optogram.drawing.overlay import overlay
from optogram.drawing.sheet import grid

if TYPE_CHECKING:
    from optogram.attribution._concepts import Concepts


def sheet(found: Concepts) -> Image.Image:
    """One row a concept, one column a photograph; the map over the photograph, outlined at half of what is most in that photograph."""
    pictures: list[Image.Image] = []
    for concept, row in enumerate(found.exemplars.tolist()):
        limit = limit_of(found.maps[concept, row])
        for rank, photo in enumerate(row):
            picture = np.rint(np.moveaxis(found.pictures[concept, rank], 0, -1).clip(0, 1) * 255).astype(np.uint8)
            pictures.append(overlay(picture, _enlarged(found.maps[concept, photo], picture.shape[:2]), limit))
    labels = [f"{number}: {share:.0%} of what is explained" for number, share in enumerate(found.shares)]
    note = f"{found.explained:.0%} of {found.site} explained; "
    note += "colours of a row on one scale, the strongest at its limit; outlined: half of the most in that photograph"
    title = f"{len(found.patterns)} concepts at {found.site}"
    return grid(pictures, labels=labels, title=title, note=note, columns=found.exemplars.shape[1], cell=112)


def _enlarged(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    enlarged: np.ndarray = np.asarray(Image.fromarray(values.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.BILINEAR))
    return enlarged
