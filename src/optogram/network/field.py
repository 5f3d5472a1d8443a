"""The receptive fields of a site: for every place, the box of the input frame that can change what is read there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from optogram.geometry import Box
from optogram.network.site import Site


@dataclass(frozen=True, slots=True)
class Extent:
    """A field along one axis: from `offset + stride * place`, over `size` pixels; stride 0 where every place sees the same."""

    offset: int
    size: int
    stride: int


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Every field of a site, in the input frame at the network's usual size.

    Either regular: an `Extent` for rows and one for columns for each group of units that share them (`group` says which group
    a unit is in; the branches of an inception or fire module differ). Or irregular: `table` holds top, left, bottom, right of
    each place, row by row, for all units together; then `clipped` says that the true field may leave the image.
    """

    site: Site
    rows: tuple[Extent, ...] = ()
    columns: tuple[Extent, ...] = ()
    group: tuple[int, ...] = ()
    table: Int[np.ndarray, "place 4"] | None = None
    clipped: bool = False
    _known: dict[tuple[int, int | None], Box] = dataclasses.field(default_factory=dict, init=False, repr=False)

    @property
    def regular(self) -> bool:
        """Whether fields move by one stride from place to place."""
        return self.table is None

    @property
    def stride(self) -> tuple[int, int] | None:
        """Pixels from one place's field to the next one's, down and across; `None` where irregular."""
        return (max(extent.stride for extent in self.rows), max(extent.stride for extent in self.columns)) if self.regular else None

    def box(self, place: tuple[int, ...] | str | None = None, unit: int | None = None) -> Box:
        """The field of a neuron; by default at the central place, and of all units together. It may leave the image.

        Empty (0, 0, 0, 0) where nothing of the image reaches the place, as before a class token first attends.
        """
        place = self.site.centre() if place is None else place
        return self._box(self.site.flat_place(place) if self.site.grid else 0, unit)

    def boxes(self, places: Int[np.ndarray, " place"] | None = None, unit: int | None = None) -> Int[np.ndarray, "place 4"]:
        """Top, left, bottom, right of many places by their numbers (row by row); of all by default."""
        numbers = np.arange(self.site.places_count) if places is None else places
        if self.table is not None:
            return self.table[numbers]
        across = self.site.grid[1] if len(self.site.grid) == 2 else 1
        row, column = (numbers // across, numbers % across) if len(self.site.grid) == 2 else (0 * numbers, 0 * numbers)
        groups = sorted(set(self.group)) if unit is None else [self.group[unit]]
        top, bottom = _span([self.rows[index] for index in groups], row)
        left, right = _span([self.columns[index] for index in groups], column)
        return np.stack((top, left, bottom, right), 1)

    def _box(self, number: int, unit: int | None) -> Box:
        key = number, None if unit is None or not self.group else self.group[unit]
        found = self._known.get(key)
        if found is None:
            top, left, bottom, right = (int(edge) for edge in self.boxes(np.array([number]), unit)[0])
            found = self._known[key] = Box(top, left, bottom, right, self.clipped and self._touches(top, left, bottom, right))
        return found

    def _touches(self, top: int, left: int, bottom: int, right: int) -> bool:
        return self.table is not None and bool(top == 0 or left == 0 or bottom == self.table[:, 2].max() or right == self.table[:, 3].max())


def _span(extents: list[Extent], places: Int[np.ndarray, " place"]) -> tuple[Int[np.ndarray, " place"], Int[np.ndarray, " place"]]:
    """From the least first pixel to the greatest last one of several extents."""
    different = list(dict.fromkeys(extents))
    first = np.stack([extent.offset + extent.stride * places for extent in different])
    sizes = np.array([extent.size for extent in different])[:, None]
    return first.min(0), (first + sizes).max(0)
