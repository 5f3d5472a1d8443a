"""The panel: a fixed uniform sample of the photographs, with every unit's responses to each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from optogram.errors import AddressError, InputError, NonFiniteError, StaleError, unknown
from optogram.exemplars.extremes import blocks
from optogram.exemplars.plan import fitting_rows, plan
from optogram.network.site import Site

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network


@dataclass(frozen=True, slots=True)
class Recorded:
    """One site's responses to the panel. What a pass did not keep is an array without units.

    `greatest` and `place`: the neuron with the greatest value and its flat place; `mean`: over all places; `probes`: the neurons
    at `probe_places`, which are the same for every unit and every twin. `drive` and `drive_place`: the greatest pre-activation,
    where the site is rectified and has one (otherwise `greatest` and `place`). `grid`: the map that flat places count on.
    """

    greatest: Float[np.ndarray, "photo unit"]
    place: Int[np.ndarray, "photo unit"]
    mean: Float[np.ndarray, "photo unit"]
    probes: Float[np.ndarray, "photo probe unit"]
    probe_places: Int[np.ndarray, "photo probe"]
    drive: Float[np.ndarray, "photo unit"]
    drive_place: Int[np.ndarray, "photo unit"]
    grid: tuple[int, ...]


@dataclass(frozen=True)
class Panel:
    """Every unit's responses to the panel's photographs; row i of every array is photograph `identities[i]`.

    `indices`: their numbers in the source, ascending; `folds`: which fold each is in.
    """

    identities: tuple[str, ...]
    indices: Int[np.ndarray, " photo"]
    folds: Int[np.ndarray, " photo"]
    recorded: Mapping[str, Recorded]

    def __len__(self) -> int:
        return len(self.identities)

    @property
    def sites(self) -> tuple[str, ...]:
        """The addresses of the sites that were read."""
        return tuple(self.recorded)

    def at(self, site: str) -> Recorded:
        """All that was recorded at a site; `AddressError` with the nearest where it was not read."""
        if site not in self.recorded:
            raise AddressError(unknown("site", site, self.recorded, "Name it in sites=[...] to have it read.", where=" in this panel"))
        return self.recorded[site]

    def greatest(self, site: str) -> Float[np.ndarray, "photo unit"]:
        """The response of each unit to each photograph: its neuron with the greatest value."""
        return self.at(site).greatest

    def place(self, site: str) -> Int[np.ndarray, "photo unit"]:
        """The flat place of that neuron."""
        return self.at(site).place

    def mean(self, site: str) -> Float[np.ndarray, "photo unit"]:
        """The mean of each unit over all places."""
        return self.at(site).mean

    def probes(self, site: str) -> Float[np.ndarray, "photo probe unit"]:
        """The neurons at the probe places."""
        return self.at(site).probes

    def probe_places(self, site: str) -> Int[np.ndarray, "photo probe"]:
        """The flat probe places of each photograph."""
        return self.at(site).probe_places

    def grid(self, site: str) -> tuple[int, ...]:
        """The map that flat places count on: (rows, columns), (tokens,) or ()."""
        return self.at(site).grid

    def images(self, network: Network, photos: Photos, workers: int = 2) -> UInt8[Tensor, "photo channel height width"]:
        """The panel's photographs in the network's input frame, decoded once for any number of passes.

        `StaleError` if one can no longer be read; `InputError` where the preprocessing leaves photographs of different sizes.
        """
        batches = list(photos.batches(network.preprocess, network.channels, indices=[int(index) for index in self.indices], workers=workers))
        seen = tuple(photos.identity(index) for batch in batches for index in batch.indices)
        if seen != self.identities:
            raise StaleError(f"{len(self)} photographs are in the panel, {len(seen)} of them can be read now: sweep again")
        if len({batch.images.shape[1:] for batch in batches}) > 1:
            raise InputError("the panel's photographs differ in size; give the network og.Preprocess(size=...) so that they form one batch")
        return torch.cat([batch.images for batch in batches]).contiguous(memory_format=torch.channels_last)

    def fold(self, fold: int) -> Int[np.ndarray, " row"]:
        """The rows of one fold's photographs."""
        return np.flatnonzero(self.folds == fold)


def panel_responses(
    network: Network,
    images: UInt8[Tensor, "photo channel height width"],
    panel: Panel,
    sites: Sequence[str | Site] | None = None,
    kind: Literal["probes", "greatest", "mean"] = "probes",
    *,
    batch_size: int | None = None,
) -> dict[str, Float[np.ndarray, "photo ..."]]:
    """One pass of any network of the same geometry (a twin) over the panel: by site [photo, probe, unit], or [photo, unit].

    `images` are `panel.images(...)`; probe places are the panel's. Costs one forward pass, truncated at the deepest site, and
    with `"probes"` next to nothing more. Raises `NonFiniteError` where a response is no number.
    """
    chosen = plan(network, list(panel.sites) if sites is None else sites)
    if len(images) != len(panel):
        raise InputError(f"images has one row for each of the panel's {len(panel)} photographs (panel.images(...)); got {len(images)}")
    found: dict[str, list[Tensor]] = {entry.site.address: [] for entry in chosen.entries}
    worker = network.worker(channels_last=True, reads=list(found))
    rows = fitting_rows(network) if batch_size is None else batch_size
    first = 0

    def read(site: Site, tensor: Tensor) -> None:
        maps = blocks(site, tensor)
        found[site.address].append(_reduced(maps, panel.at(site.address), first, kind).cpu())

    edits: dict[str, Callable[[Tensor], None]] = {entry.site.address: partial(read, entry.site) for entry in chosen.entries}
    with torch.no_grad(), worker.tap(chosen.deepest, edits=edits):
        for first in range(0, len(images), rows):
            worker.run(images[first : first + rows].to(worker.device).div(255), frame="input")
    responses = {address: torch.cat(parts).numpy() for address, parts in found.items()}
    for address, values in responses.items():
        if not np.isfinite(values).all():
            where = tuple(np.argwhere(~np.isfinite(values))[0])
            raise NonFiniteError(f"{address}:{where[-1]} gave {values[where]} on {panel.identities[where[0]]} in {network.name}")
    return responses


def _reduced(maps: Float[Tensor, "batch row column unit"], recorded: Recorded, first: int, kind: str) -> Float[Tensor, "batch ..."]:
    if kind == "greatest":
        return maps.flatten(1, 2).amax(1).float()
    if kind == "mean":
        return maps.float().flatten(1, 2).mean(1)
    places = recorded.probe_places[first : first + len(maps)]
    columns = recorded.grid[-1] if len(recorded.grid) == 2 else maps.shape[2]
    row, column = (torch.from_numpy(part).long().to(maps.device) for part in np.divmod(places, columns))
    return maps[torch.arange(len(maps), device=maps.device)[:, None], row, column].float()
