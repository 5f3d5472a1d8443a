"""What the neuron whose response was read can see of each photograph, and map and photograph cut there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8

from optogram.attribution._target import Target
from optogram.geometry import Box
from optogram.images.patches import cut
from optogram.network.receptive_field import field_of

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution
    from optogram.network.network import Network


def fields_seen(network: Network, target: Target, places: tuple[str, ...], sizes: tuple[tuple[int, int], ...]) -> tuple[Box, ...]:
    """The neuron's field in the pixels of each photograph; none where no one neuron was read, or where it sees all that the network is given."""
    term, preprocess = target.terms[0], network.preprocess
    shared = all(preprocess.resized(*size) == network.input_size or preprocess.output_size == network.input_size for size in sizes)
    fixed = term.unit is not None and term.unit.place is not None
    if len(target.terms) > 1 or not shared or len(term.site.grid) != 2 or not (fixed or all(places)):
        return ()
    field = field_of(network, term.site)
    index = None if term.unit is None or term.unit.head else term.unit.index
    at = [term.unit.place if fixed and term.unit else network.unit(f"{term.site.address}:0{place}").place for place in places]
    boxes = [field.box(place, index) for place in at]
    if all((box.height, box.width) >= network.input_size or min(box.height, box.width) < 1 for box in boxes):
        return ()
    return tuple(preprocess.to_photo(box, *size) for box, size in zip(boxes, sizes, strict=True))


def picture_of(attribution: Attribution, photo: int) -> UInt8[np.ndarray, "height width channel"]:
    """A photograph as it was given, as bytes."""
    picture: np.ndarray = np.rint(np.moveaxis(np.asarray(attribution.images[photo]), 0, -1).clip(0, 1) * 255).astype(np.uint8)
    return picture


def cut_map(values: Float[np.ndarray, "height width"], box: Box) -> Float[np.ndarray, "rows columns"]:
    """A map inside a box; NaN outside the photograph."""
    there = np.full((box.height, box.width), np.nan, np.float32)
    inside = box.within(*values.shape)
    there[inside.top - box.top : inside.bottom - box.top, inside.left - box.left : inside.right - box.left] = values[
        inside.top : inside.bottom, inside.left : inside.right
    ]
    return there


def patch_of(attribution: Attribution, photo: int) -> tuple[UInt8[np.ndarray, "rows columns channel"], Float[np.ndarray, "rows columns"]] | None:
    """The part of a photograph that the neuron saw, and the map cut alike; `None` where it has no field of its own."""
    boxes = attribution.boxes()
    return (cut(picture_of(attribution, photo), boxes[photo]), cut_map(attribution.map(photo), boxes[photo])) if boxes else None
