"""Greatest and least neuron of each unit of a raw activation, fast, and where they are.

A map with the channels last is reduced along the columns, then along the rows: as fast as reading it once. Which place the
extreme has costs several times that if asked for everything, so it is looked up for chosen (photograph, unit) pairs only: the
row among the rows' extremes, then the column within that row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.network.site import Site

Reduction = Callable[..., Tensor]

VECTOR = 32
"""Numbers that a reduction takes at once: four registers of eight."""

CACHED_BYTES = 2 << 20
ENOUGH = 4
"""Fewer parts than this are not worth the calls."""

STRIDE = 1 << 16
"""Places are kept as row * STRIDE + column, so that photographs whose maps differ in width can share a list."""


def flat(places: np.ndarray, columns: int) -> np.ndarray:
    """Kept places as flat places, row by row, of a map that is `columns` wide; a map of one row (tokens) needs no change."""
    return places // STRIDE * columns + places % STRIDE if columns < STRIDE else places


def blocks(site: Site, tensor: Float[Tensor, "..."]) -> Float[Tensor, "batch row column unit"]:
    """A raw activation as rows and columns of places, without copying: tokens are one row, a vector is one place."""
    if site.layout == "spatial" and tensor.ndim == 4:
        return tensor.permute(0, 2, 3, 1)
    if site.layout == "channel_last" and tensor.ndim == 4:
        return tensor
    return site.places(tensor).transpose(1, 2)[:, None]


@dataclass(frozen=True, slots=True)
class Extremes:
    """The greatest values (or, with `least`, the least) of each photograph and unit; `locate` tells where they are."""

    values: Float[Tensor, "batch unit"]
    rows: Float[Tensor, "batch row unit"]
    maps: Float[Tensor, "batch row column unit"]
    least: bool = False

    def locate(self, photos: Int[Tensor, " pair"], units: Int[Tensor, " pair"]) -> Int[Tensor, " pair"]:
        """The places (row * STRIDE + column) of the extremes of those pairs; of equal neurons the first, row by row."""
        first = torch.argmin if self.least else torch.argmax
        row = first(self.rows[photos, :, units], 1)
        column = first(self.maps[photos, row, :, units], 1)
        return row * STRIDE + column

    def places(self) -> Int[Tensor, "batch unit"]:
        """The places of all of them."""
        batch, units = self.values.shape
        pairs = torch.arange(batch * units, device=self.values.device)
        return self.locate(pairs // units, pairs % units).reshape(batch, units)


def greatest(maps: Float[Tensor, "batch row column unit"]) -> Extremes:
    """The neuron with the greatest value; NaN where any neuron is NaN."""
    rows = _reduced(maps, (torch.amax,))[0]
    return Extremes(rows.amax(1), rows, maps)


def least(maps: Float[Tensor, "batch row column unit"]) -> Extremes:
    """The neuron with the least value; NaN where any neuron is NaN."""
    rows = _reduced(maps, (torch.amin,))[0]
    return Extremes(rows.amin(1), rows, maps, least=True)


def both(maps: Float[Tensor, "batch row column unit"]) -> tuple[Extremes, Extremes]:
    """`greatest` and `least` together, which reads the maps from memory once instead of twice."""
    high, low = _reduced(maps, (torch.amax, torch.amin))
    return Extremes(high.amax(1), high, maps), Extremes(low.amin(1), low, maps, least=True)


def _reduced(maps: Float[Tensor, "batch row column unit"], reductions: Sequence[Reduction]) -> list[Float[Tensor, "batch row unit"]]:
    """Each reduction along the columns.

    On a CPU large maps are taken a few photographs at a time, which then come from the cache for the second reduction, the
    last ones first, as they have just been written.
    """
    lines, group = _lines(maps)
    step = max(1, CACHED_BYTES // max(1, lines[:1].numel() * lines.element_size()))
    if maps.device.type != "cpu" or step * ENOUGH >= len(maps):
        found = [reduction(lines, 2) for reduction in reductions]
    else:
        found = [lines.new_empty(*lines.shape[:2], lines.shape[3]) for _ in reductions]
        for first in reversed(range(0, len(maps), step)):
            part = slice(first, first + step)
            for reduction, out in zip(reductions, found, strict=True):
                reduction(lines[part], 2, out=out[part])
    if group == 1:
        return found
    return [reduction(out.unflatten(2, (group, -1)), 2) for reduction, out in zip(reductions, found, strict=True)]


def _lines(maps: Float[Tensor, "batch row column unit"]) -> tuple[Float[Tensor, "batch row step number"], int]:
    """The maps with so many neighbouring columns side by side that their units fill whole vector registers, and how many they are.

    A reduction over 24 or 144 channels runs four to twenty times slower than over 64: what is no multiple of 32 goes one by one.
    """
    columns, units = maps.shape[2:]
    group = math.gcd(VECTOR // math.gcd(units, VECTOR), columns)
    if group == 1 or maps.stride(3) != 1 or maps.stride(2) != units:
        return maps, 1
    return maps.unflatten(2, (columns // group, group)).flatten(3), group
