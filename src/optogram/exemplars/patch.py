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
    from optogram.network.network import Network
    from optogram.network.site import Site


class Cutter:
    """Knows the receptive fields of a network and where the photographs are; keeps the photograph cut last."""

    def __init__(self, network: Network | None, photos: Photos | None, sizes: Int[np.ndarray, "photo 2"]) -> None:
        self.network, self.photos, self.sizes = network, photos, sizes
        self._last: tuple[int, np.ndarray] | None = None

    def boxes(self, site: Site, unit: int, index: int, position: tuple[int, ...]) -> tuple[Box, Box]:
        """A neuron's field in the input frame, and in the pixels of that photograph."""
        from optogram.network.receptive_field import field_of

        if self.network is None:
            raise NotDefinedError("boxes need the network: load with Sweep.load(path, network, photos)")
        field = field_of(self.network, site)
        box = field.box(position or None, unit)
        height, width = (int(side) for side in self.sizes[index])
        return box, self.network.preprocess.to_photo(box, height, width)

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
