"""Greatest and least neuron of each unit of a raw activation, fast, and where they are.

Reading a large map costs as much as computing it, so values are found for all units in one pass over memory, and places, which cost several
times that, are looked up for chosen (photograph, unit) pairs only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.network.site import Site

Reduction = Callable[..., Tensor]

VECTOR = 32
"""Numbers that a reduction takes at once: four registers of eight."""

CACHE_BYTES, PART_BYTES = 24 << 20, 4 << 20
"""Maps larger than the first are taken in parts of about the second."""

STRIDE = 1 << 16
"""Places are kept as row * STRIDE + column, so that photographs whose maps differ in width can share a list."""


def coded(places: Tensor, columns: int | Tensor) -> Tensor:
    """Flat places of maps that are `columns` wide as they are kept."""
    return places + places // columns * (STRIDE - columns)


def flat(places: Int[np.ndarray, "*shape"], columns: int) -> Int[np.ndarray, "*shape"]:
    """Kept places as flat places, row by row, of a map that is `columns` wide; a map of one row (tokens) needs no change."""
    return places // STRIDE * columns + places % STRIDE if columns < STRIDE else places


def blocks(site: Site, tensor: Float[Tensor, "..."]) -> Float[Tensor, "batch row column unit"]:
    """A raw activation as rows and columns of places, without copying: tokens are one row, a vector is one place."""
    if site.layout == "spatial" and tensor.ndim == 4:
        return tensor.permute(0, 2, 3, 1)
    if site.layout == "channel_last" and tensor.ndim == 4:
        return tensor
    return site.places(tensor).transpose(1, 2)[:, None]


def reduce_into(lines: Float[Tensor, "batch place unit"], wanted: Sequence[tuple[Reduction, Float[Tensor, "batch unit"]]]) -> None:
    """Each reduction (`torch.amax`, `torch.amin`) over the places, written into its tensor; NaN where any neuron is NaN.

    On a CPU maps that exceed the cache are taken a few photographs at a time, which the second reduction then finds in the cache;
    the last ones first, as they have just been written.
    """
    batch, _, units = lines.shape
    packed, group = _packed(lines)
    found = [out if group == 1 and out.dtype == lines.dtype else packed.new_empty(batch, group * units) for _, out in wanted]
    total = packed.numel() * packed.element_size()
    step = batch if total <= CACHE_BYTES or lines.device.type != "cpu" else max(1, PART_BYTES * batch // total)
    for first in reversed(range(0, batch, step)):
        part = slice(first, first + step)
        for (reduction, _), out in zip(wanted, found, strict=True):
            reduction(packed[part], 1, out=out[part])
    for (reduction, out), values in zip(wanted, found, strict=True):
        if values is not out:
            out.copy_(reduction(values.unflatten(1, (group, units)), 1))


def all_places(maps: Float[Tensor, "batch row column unit"]) -> Int[Tensor, "batch unit"]:
    """The flat place of the greatest neuron of every photograph and unit; of equal ones the first, row by row.

    First the row among the rows' maxima, then the column within that row.
    """
    batch, _, columns, units = maps.shape
    row = maps.amax(2).argmax(1)
    photos = torch.arange(batch, device=maps.device)[:, None].expand_as(row).flatten()
    within = maps[photos, row.flatten(), :, torch.arange(units, device=maps.device).repeat(batch)]
    return row * columns + within.argmax(1).reshape(batch, units)


def places_of(
    lines: Float[Tensor, "batch place unit"], photos: Int[Tensor, " pair"], units: Int[Tensor, " pair"], sign: Int[Tensor, " pair"]
) -> Int[Tensor, " pair"]:
    """The flat place of the greatest (`sign` 1) or least (-1) neuron of some photographs and units; of equal ones the first."""
    return (lines[photos, :, units] * sign[:, None]).argmax(1)


def _packed(lines: Float[Tensor, "batch place unit"]) -> tuple[Float[Tensor, "batch step number"], int]:
    """So many neighbouring places side by side that their units fill whole vector registers, and how many they are.

    A reduction over 24 or 144 channels is four to twenty times slower than over 64, as what is no multiple of 32 goes one by one.
    """
    places, units = lines.shape[1:]
    group = math.gcd(VECTOR // math.gcd(units, VECTOR), places)
    if group == 1 or lines.stride(2) != 1 or lines.stride(1) != units:
        return lines, 1
    return lines.unflatten(1, (places // group, group)).flatten(2), group
