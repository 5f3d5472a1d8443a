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

ONE_LINE = 256
"""A map of so many places is searched as a whole."""

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


def shaped(maps: Float[Tensor, "batch row column unit"]) -> Float[Tensor, "batch line place unit"]:
    """Small maps as one line; large ones line by line, so that a place is found by its line first."""
    return maps.flatten(1, 2)[:, None] if maps.shape[1] * maps.shape[2] <= ONE_LINE else maps


def reduce_into(
    maps: Float[Tensor, "batch line place unit"], wanted: Sequence[tuple[Reduction, Float[Tensor, "batch unit"]]]
) -> Float[Tensor, "wanted batch line unit"]:
    """Each reduction (`torch.amax`, `torch.amin`) over all places, written into its tensor; gives the reductions of each line.

    NaN where any neuron is NaN. On a CPU maps that exceed the cache are taken a few photographs at a time, which the second
    reduction then finds in the cache; the last ones first, as they have just been written.
    """
    batch, lines, _, units = maps.shape
    packed, group = _packed(maps)
    found = packed.new_empty(len(wanted), batch, lines, group * units)
    total = packed.numel() * packed.element_size()
    step = batch if total <= CACHE_BYTES or maps.device.type != "cpu" else max(1, PART_BYTES * batch // total)
    for first in reversed(range(0, batch, step)):
        part = slice(first, first + step)
        for number, (reduction, _) in enumerate(wanted):
            reduction(packed[part], 2, out=found[number, part])
    if group > 1:
        spread = found.unflatten(3, (group, units))
        found = torch.stack([reduction(spread[number], 2) for number, (reduction, _) in enumerate(wanted)])
    for number, (reduction, out) in enumerate(wanted):
        out.copy_(found[number, :, 0] if lines == 1 else reduction(found[number], 1))
    return found


def all_places(maps: Float[Tensor, "batch line place unit"], lines: Float[Tensor, "batch line unit"]) -> Int[Tensor, "batch unit"]:
    """The flat place of the greatest neuron of every photograph and unit, from the lines' maxima; of equal ones the first."""
    batch, units = lines.shape[0], lines.shape[2]
    line = lines.argmax(1)
    photos = torch.arange(batch, device=maps.device).repeat_interleave(units)
    within = maps[photos, line.flatten(), :, torch.arange(units, device=maps.device).repeat(batch)]
    return line * maps.shape[2] + within.argmax(1).reshape(batch, units)


def places_of(
    maps: Float[Tensor, "batch line place unit"],
    lines: Float[Tensor, "pair line"],
    photos: Int[Tensor, " pair"],
    units: Int[Tensor, " pair"],
    sign: Int[Tensor, " pair"],
) -> Int[Tensor, " pair"]:
    """The flat place of the greatest (`sign` 1) or least (-1) neuron of some photographs and units; of equal ones the first.

    `lines`: the extremes of each line of these photographs and units.
    """
    if maps.shape[1] == 1:
        return (maps[photos, 0, :, units] * sign[:, None]).argmax(1)
    line = (lines * sign[:, None]).argmax(1)
    return line * maps.shape[2] + (maps[photos, line, :, units] * sign[:, None]).argmax(1)


def _packed(maps: Float[Tensor, "batch line place unit"]) -> tuple[Float[Tensor, "batch line step number"], int]:
    """So many neighbouring places side by side that their units fill whole vector registers, and how many they are.

    A reduction over 24 or 144 channels is four to twenty times slower than over 64, as what is no multiple of 32 goes one by one.
    """
    places, units = maps.shape[2:]
    group = math.gcd(VECTOR // math.gcd(units, VECTOR), places)
    if group == 1 or maps.stride(3) != 1 or maps.stride(2) != units:
        return maps, 1
    return maps.unflatten(2, (places // group, group)).flatten(3), group
