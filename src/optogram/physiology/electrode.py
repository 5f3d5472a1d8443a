"""An electrode: reads units of one site at one place, while pictures are shown in the input frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import InputError
from optogram.geometry import Box
from optogram.network.network import Network
from optogram.network.site import Site, Unit

BATCH = 64


@dataclass(frozen=True)
class Electrode:
    """Units of one site at one place. `box` is the field of the neurons there, in the input frame; it may leave the image."""

    network: Network
    site: Site
    units: tuple[Unit, ...]
    place: tuple[int, ...] | str
    box: Box

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures to show."""
        return self.network.input_size

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of the middle of that part of the field that lies on the image."""
        seen = self.box.within(*self.size)
        return (seen.top + seen.bottom - 1) / 2, (seen.left + seen.right - 1) / 2

    @property
    def side(self) -> int:
        """The longer side of that part of the field that lies on the image, in pixels."""
        seen = self.box.within(*self.size)
        return max(seen.height, seen.width)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The units' addresses."""
        return tuple(unit.address for unit in self.units)

    def fast(self) -> Electrode:
        """The same electrode in a copy of the network in the fastest layout, batch norms folded: worth it from some dozens of pictures on."""
        return replace(self, network=self.network.worker(channels_last=True, reads=[self.site.address]))

    def respond(
        self, pictures: Float[np.ndarray, "stimulus *channel height width"] | Float[Tensor, "stimulus *channel height width"], rectified: bool = True
    ) -> Float[np.ndarray, "stimulus unit"]:
        """What the units do while each picture is shown; pictures without a channel axis are gray.

        `rectified`: negative responses count as 0, like the rate of a neuron that cannot fire less than never, and as the next layer sees it.
        """
        shown = torch.as_tensor(pictures)
        if shown.ndim == 3:
            shown = shown[:, None].expand(-1, self.network.channels, -1, -1)
        read = [self._read(batch.float()) for batch in shown.split(BATCH)]
        rates = np.concatenate(read).astype(np.float64)
        return np.maximum(rates, 0) if rectified else rates

    @torch.no_grad()
    def _read(self, batch: Tensor) -> Float[np.ndarray, "stimulus unit"]:
        raw = self.network.read(self.site, batch)
        if any(unit.head for unit in self.units):
            whole = torch.stack([self.site.select(raw, Unit(self.site, unit.index, self.place, unit.head)) for unit in self.units], dim=1)
        else:
            flat = 0 if self.site.layout == "vector" else self.site.flat_place(self.place, self.site.grid_of(raw))
            whole = self.site.places(raw)[:, [unit.index for unit in self.units], flat]
        return np.asarray(whole.cpu(), dtype=np.float64)


def electrode(network: Network, address: str) -> Electrode:
    """An electrode for a unit, a neuron, a range of units, or all units of a bare site; at the site's centre where no place is given.

    Raises `AddressError` where there is no such unit, `InputError` where a range names several sites.
    """
    units = network.units(address)
    site = units[0].site
    if any(unit.site != site for unit in units):
        raise InputError(f"an electrode sits at one site; {address} names units of several")
    place = units[0].place if units[0].place is not None else site.centre()
    return Electrode(network, site, tuple(units), place, _field(network, units[0], place))


def _field(network: Network, unit: Unit, place: tuple[int, ...] | str) -> Box:
    return network.receptive_field(Unit(unit.site, unit.index, place if unit.site.grid else None, unit.head).address)
