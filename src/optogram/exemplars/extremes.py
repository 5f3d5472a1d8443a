"""Greatest and least neuron of each unit of a raw activation, fast, and where they are.

A map with the channels last is reduced along the columns, then along the rows: as fast as reading it once. Which place the
extreme has costs several times that if asked for everything, so it is looked up for chosen (photograph, unit) pairs only: the
row among the rows' extremes, then the column within that row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.network.site import Site

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
    rows = maps.amax(2)
    return Extremes(rows.amax(1), rows, maps)


def least(maps: Float[Tensor, "batch row column unit"]) -> Extremes:
    """The neuron with the least value; NaN where any neuron is NaN."""
    rows = maps.amin(2)
    return Extremes(rows.amin(1), rows, maps, least=True)
