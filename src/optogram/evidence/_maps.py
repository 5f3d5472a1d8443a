"""Maps of some of a site's units, and what becomes of them when learning is destroyed or pixels are taken away.

Each unit's maps are of the photographs that drive it most, one a group: what does not drive a unit has no map to judge. Twins are not asked: a map
of an untrained network may be as true of that network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.errors import InterceptionError, NotDefinedError
from optogram.evidence._classes import groups
from optogram.evidence._making import Making
from optogram.evidence._scene import Recorder, Scene
from optogram.evidence._view import SiteView

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution
    from optogram.network.network import Network

STEPS = 16
"""Parts that pixels are taken away in."""
RIVALS = ("edges", "random")
METRICS = ("insertion", "deletion")


@dataclass(frozen=True, eq=False)
class Maps:
    """By unit, its maps; `network` is the one that they are of, taking photographs as the panel holds them. `refused`: why there are none."""

    method: str
    network: Network
    made: Mapping[int, Attribution]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class MapRecorder(Recorder):
    """Attributions of a few units; costs the method's passes."""

    def record(self, network: Network, view: SiteView, scene: Scene) -> Maps:
        """Of units drawn at random among the living, each on its own photographs."""
        from optogram.attribution._attribute import attribute
        from optogram.network.network import Network

        asked, site = scene.mapped, view.site.address
        plain = replace(network.preprocess, size=(scene.images.shape[2], scene.images.shape[3]), crop=None)
        runner = Network(network.module, plain, network.labels, name=network.name, device=network.device)
        made = {}
        for unit in Making(units=asked.units).chosen(view.site, view.alive, scene.seed):
            images = pictures(scene.images, strongest(view, int(unit), asked.photographs))
            try:
                made[int(unit)] = attribute(runner, images, f"{site}:{unit}", asked.method, seed=scene.seed, progress=False, **asked.settings)
            except (NotDefinedError, InterceptionError) as error:
                return Maps(asked.name, runner, {}, str(error))
        return Maps(asked.name, runner, made)


maps = MapRecorder("maps", twins=False, looks=False)


@dataclass(frozen=True, slots=True)
class DestroyedRecorder(Recorder):
    """How alike maps stay to themselves: by unit and check [photograph, draw]. Eight networks destroyed and four other units a unit."""

    def record(self, network: Network, view: SiteView, scene: Scene) -> Mapping[int, Mapping[str, Float[np.ndarray, "photo draw"]]]:
        """`og.sanity` of each unit's maps."""
        from optogram.metrics._sanity import sanity

        known: Maps = view.recorded[maps.name]
        checked = {unit: sanity(known.network, one, seed=scene.seed, progress=False).checks for unit, one in known.made.items()}
        return {unit: {check.name: check.table for check in checks} for unit, checks in checked.items()}


destroyed = DestroyedRecorder("destroyed", (maps,), twins=False, looks=False)


@dataclass(frozen=True, slots=True)
class RemovedRecorder(Recorder):
    """How far ahead of a free map each map is in its metric: by unit [photograph, metric and rival]. 102 passes a photograph."""

    def record(self, network: Network, view: SiteView, scene: Scene) -> Mapping[int, Float[np.ndarray, "photo contest"]]:
        """Insertion and deletion, map and rivals blurred to one width; 0 where the photograph has no answer to a metric."""
        known: Maps = view.recorded[maps.name]
        return {unit: contests(known.network, one, scene.seed) for unit, one in known.made.items()}


removed = RemovedRecorder("removed", (maps,), twins=False, looks=False)

CONTESTS = tuple(f"{metric} than {rival}" for metric in METRICS for rival in RIVALS)


def contests(network: Network, attribution: Attribution, seed: int) -> Float[np.ndarray, "photo contest"]:
    """How much better than each rival, in each metric: areas under the response, 1 for the photograph's and 0 for the baseline's."""
    from optogram.metrics._blur import width_of
    from optogram.metrics._free import free_map
    from optogram.metrics._score import score
    from optogram.metrics._trial import trials

    trial = trials(network, attribution, seed=seed)[0][1]
    every = [trial.maps, *(free_map(rival, trial.images, seed) for rival in RIVALS)]
    widths = [float(width_of(one).nanmean()) for one in every]
    blur = max(width for width in widths if np.isfinite(width))
    columns = []
    for metric in METRICS:
        found = score(network, attribution, metric, blur=blur, free=RIVALS, steps=STEPS, seed=seed, progress=False)
        sign = 1.0 if found.better == "high" else -1.0
        columns += [sign * (found.values - found.free[rival]) for rival in RIVALS]
    return np.nan_to_num(np.stack(columns, axis=1).astype(np.float64))


def strongest(view: SiteView, unit: int, count: int) -> Int[np.ndarray, " photo"]:
    """The photographs that drive a unit most, by the strongest of their patches, one of each group; fewer where there are no more."""
    greatest = np.full(view.photographs, -np.inf)
    np.maximum.at(greatest, view.patches.photograph, view.responses[:, unit])
    order = np.argsort(-greatest, kind="stable")
    first = np.unique(groups(view)[order], return_index=True)[1]
    return np.asarray(order[np.sort(first)[:count]])


def pictures(images: Tensor, rows: Int[np.ndarray, " photo"]) -> Tensor:
    """The panel's photographs of these rows in 0..1, as `attribute` takes them."""
    return images[torch.from_numpy(rows)].contiguous().float() / 255
