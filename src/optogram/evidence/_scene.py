"""What a claim may ask of a network beside its responses, recorded once for the network and once for every twin, and shared by all claims.

A claim names its recorders (`Claim.records`). Each runs once a site and network, after those that it builds on, and what it gives is in
`SiteView.recorded` under its name when the claim measures: of the network and of each twin by the same steps, so that the two are exchangeable
where there is nothing to find.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int, UInt8
from torch import Tensor

from optogram.evidence._making import Making
from optogram.evidence._mapped import Mapped
from optogram.evidence._view import SiteView
from optogram.evidence._viewers import Viewer
from optogram.geometry import Box
from optogram.network.site import Site

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep
    from optogram.network.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One site, as recorders see it: the same for the network and all of its twins, whose geometry is the network's.

    `images`: the panel's photographs in the input frame; `places` and `boxes`: the probe places of each and their receptive
    fields, which may leave the image; `field`: that of the central place. `making`: how pictures are made, `mapped`: how maps are;
    `seed`: the judge's. `keep`: a folder for what is dear to make and serves other viewers too.
    """

    site: Site
    images: UInt8[Tensor, "photo channel height width"]
    places: Int[np.ndarray, "photo probe"]
    boxes: Sequence[Sequence[Box]]
    field: Box
    viewer: Viewer
    making: Making
    seed: int
    mapped: Mapped = dataclasses.field(default_factory=Mapped)
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class Recorder(ABC):
    """Something recorded of one site of one network.

    `after`: the recorders whose records it builds on; `twins`: whether twins are asked too;
    `looks`: whether it shows the viewer more than the patches.
    """

    name: str
    after: tuple[Recorder, ...] = ()
    twins: bool = True
    looks: bool = True

    @abstractmethod
    def record(self, network: Network, view: SiteView, scene: Scene) -> Any:
        """The record; `view.recorded` holds those of `after`. Must depend on nothing but its arguments."""


def recorded(network: Network, view: SiteView, scene: Scene, recorders: Iterable[Recorder]) -> SiteView:
    """The view with every record asked for, and those that they build on; each is made once."""
    for recorder in recorders:
        view = recorded(network, view, scene, recorder.after)
        if recorder.name not in view.recorded:
            view = replace(view, recorded={**view.recorded, recorder.name: recorder.record(network, view, scene)})
    return view


def scenes_of(
    network: Network,
    images: UInt8[Tensor, "photo channel height width"],
    sweep: Sweep,
    sites: Iterable[Site],
    viewer: Viewer,
    making: Making,
    seed: int,
    mapped: Mapped,
    keep: str | Path | None = None,
) -> Mapping[str, Scene]:
    """The scene of each site, by address."""
    from optogram.network.receptive_field import fields_of

    chosen = list(sites)
    fields = fields_of(network, chosen)
    found = {}
    for site in chosen:
        places, field = sweep.panel.probe_places(site.address), fields[site.address]
        boxes = [[field.box(site.place_at(int(place))) for place in row] for row in places]
        found[site.address] = Scene(
            site, images, np.asarray(places), boxes, field.box(), viewer, making, seed, mapped, None if keep is None else Path(keep)
        )
    return found
