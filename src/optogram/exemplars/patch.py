"""From an exemplar to its boxes and its patch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int, UInt8

from optogram.errors import NotDefinedError
from optogram.geometry import Box
from optogram.images.patches import cut

if TYPE_CHECKING:
    from optogram.exemplars.exemplar import Exemplar
    from optogram.images.photos import Photos
    from optogram.network.field import Field
    from optogram.network.network import Network
    from optogram.network.site import Site


MOST_BOXES = 1 << 16
"""Boxes in photographs' pixels that are kept: 10 MB."""


class Neuron:
    """One neuron on one photograph: gives its boxes when it is called, found once."""

    __slots__ = ("_cutter", "_found", "_is")

    def __init__(self, cutter: Cutter, site: Site, unit: int, index: int, position: tuple[int, ...]) -> None:
        self._cutter, self._is = cutter, (site, unit, index, position)
        self._found: tuple[Box, Box] | None = None

    def __call__(self) -> tuple[Box, Box]:
        """The receptive field in the input frame, and in the photograph's pixels."""
        if self._found is None:
            self._found = self._cutter.boxes(*self._is)
        return self._found


class Cutter:
    """Knows the receptive fields of a network and where the photographs are; keeps the photograph cut last."""

    def __init__(self, network: Network | None, photos: Photos | None, sizes: Int[np.ndarray, "photo 2"]) -> None:
        self.network, self.photos, self.sizes = network, photos, sizes
        self._last: tuple[int, np.ndarray] | None = None
        self._fields: dict[str, Field] = {}
        self._known: dict[tuple[Box, int, int], Box] = {}

    def boxes(self, site: Site, unit: int, index: int, position: tuple[int, ...]) -> tuple[Box, Box]:
        """A neuron's field in the input frame, and in the pixels of that photograph; photographs of one size share the second."""
        if self.network is None:
            raise NotDefinedError("boxes need the network: load with Sweep.load(path, network, photos)")
        box = self._field(self.network, site).box(position or None, unit)
        height, width = self.sizes[index].tolist()
        key = (box, height, width)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_BOXES:
                self._known.clear()
            found = self._known[key] = self.network.preprocess.to_photo(box, height, width)
        return box, found

    def _field(self, network: Network, site: Site) -> Field:
        from optogram.network.receptive_field import field_of

        if site.address not in self._fields:
            self._fields[site.address] = field_of(network, site)
        return self._fields[site.address]

    def patch(self, exemplar: Exemplar) -> UInt8[np.ndarray, "height width channel"]:
        """The part of the photograph that the neuron saw."""
        return cut(self.photograph(exemplar), exemplar.box)

    def photograph(self, exemplar: Exemplar) -> UInt8[np.ndarray, "height width channel"]:
        """The whole photograph in the photo frame, in the network's number of channels."""
        if self.photos is None:
            raise NotDefinedError("patches need the photographs: load with Sweep.load(path, network, photos)")
        last = self._last
        if last is None or last[0] != exemplar.index:
            last = exemplar.index, self.photos.load(exemplar.index, None if self.network is None else self.network.channels)
            self._last = last
        return last[1]
