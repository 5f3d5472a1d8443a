"""One unit on many photographs, strongest response first: the patches that its neurons saw beside their maps, as plates of features are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from optogram.attribution._compare import scale_bar
from optogram.attribution._result import joined
from optogram.attribution._seen import picture_of
from optogram.drawing.colour import CLIPPED_AT, limit_of, signed, unsigned
from optogram.drawing.overlay import overlay
from optogram.drawing.sheet import grid, stacked
from optogram.images.patches import cut

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution

HEADS = ("photograph", "map", "over it")
PATCH_HEADS = ("what it saw", "its map")
SEEN = (HEADS[0], PATCH_HEADS[0])


def gallery(attribution: Attribution, columns: int | None = None) -> Image.Image:
    """Each photograph with the map and the map over it, all maps on one scale; before them, where the neuron sees a part alone,
    that patch and the map cut alike.
    """
    order = [int(photo) for photo in np.argsort(-attribution.responses, kind="stable")]
    limit = limit_of(*(attribution.map(photo) for photo in order)) or 1.0
    coloured = signed if attribution.signed else unsigned
    boxes = attribution.boxes()
    heads = [*(PATCH_HEADS if boxes else ()), *HEADS]
    pictures: list[np.ndarray | Image.Image | None] = []
    captions: list[str] = []
    for photo in order:
        picture = picture_of(attribution, photo)
        values = _fitted(attribution.map(photo), picture.shape[:2])
        drawn = coloured(values, limit)
        row: list[np.ndarray | Image.Image | None] = [picture, drawn, overlay(picture, values, limit, outlines=False)]
        row = [*(cut(one, boxes[photo]) for one in (picture, drawn)), *row] if boxes else row
        if attribution.zero[photo]:  # said below it, not drawn as a blank map
            row = [one if heads[place] in SEEN else None for place, one in enumerate(row)]
        pictures += row
        captions += [joined("\n", attribution.name(photo), attribution.caption(photo).partition(": ")[0])] + [""] * (len(row) - 1)
    beside = columns or (1 if len(order) < 3 else 2 if len(order) < 9 or boxes else 3)
    ends = f"colours end at {'±' if attribution.signed else ''}{limit:.3g} in every map ({CLIPPED_AT:.1%} of the pixels are within)"
    leaves = any(box != box.within(*np.shape(attribution.images[photo])[-2:]) for photo, box in enumerate(boxes))
    hatched = ["hatched: outside the photograph"] if leaves else []
    tinted = [] if attribution.signed else ["over the photograph in orange"]
    sanity = [f"sanity: {attribution.verdict}"] if attribution.verdict else []
    note = " · ".join([ends, *tinted, *hatched, *sanity, *attribution.notes])
    sheet = grid(pictures, captions=captions, title=attribution.title(), heads=heads * beside, note=note, columns=len(heads) * beside, cell=120)
    return stacked([sheet, scale_bar(sheet.width, limit, attribution.signed)])


def _fitted(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    if values.shape == size:
        return values
    enlarged: np.ndarray = np.asarray(Image.fromarray(values.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.NEAREST))
    return enlarged
