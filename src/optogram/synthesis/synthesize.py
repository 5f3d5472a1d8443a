"""`og.synthesize`: pictures that drive units, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.network.site import Unit
from optogram.progress import Progress, track
from optogram.result import Provenance
from optogram.synthesis.ascend import ascend, read_site
from optogram.synthesis.asked import Asked, objectives_of
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.collect import Made, collected, finished, plain
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.optimisers import Optimiser
from optogram.synthesis.preset import Preset
from optogram.synthesis.recipe import recipe_of
from optogram.synthesis.result import Synthesis
from optogram.synthesis.speed import fastest_type, fitting_batch
from optogram.synthesis.stage import Size, Stage, Stager
from optogram.synthesis.transforms._transform import Transform

Group = tuple[Stage, list[tuple[int, Objective]]]


def synthesize(
    network: Network,
    units: Asked | Sequence[Asked],
    canvas: str | Canvas | None = None,
    preset: str | Preset | None = None,
    steps: int | None = None,
    seed: int = 0,
    *,
    objective: str | Callable[[Unit], Objective] | None = None,
    size: int | Size | None = None,
    transforms: Sequence[str | Transform] | None = None,
    optimiser: Optimiser | None = None,
    batch_size: int = 16,
    max_memory: float | int | None = None,
    dtype: torch.dtype | Literal["auto"] = "auto",
    progress: Progress = True,
    sweep: Any = None,
) -> Synthesis:
    """Pictures that drive units: argmax over a canvas of each unit's response, one picture a unit, in the order asked.

    `units`: addresses (`layer3:12`, `layer3:0-15`, `layer2:5@3,5`, `fc:tabby`), units, or composed objectives. `canvas`:
    "fourier" unless the preset says otherwise; what is explicit wins over the preset. `steps`: 256 unless the preset says
    otherwise. `objective`: "neuron" for an address with a place and "unit" (mean over places) for others, "negative", "logit",
    or a function from unit to objective. `size`: side, or height and width; by default a neuron's receptive field, else 128 or
    the network's input if that is smaller. Rectified units are read before their rectifier. `max_memory`: bytes that a step's
    activations may take; the batch shrinks to fit. `sweep`: what photographs do, to be told beside what was reached.

    Costs `steps` forward and backward passes, as far as the deepest site asked for, per `batch_size` pictures. The same
    seed gives the same pictures; a unit's picture does not depend on what else is asked for, to rounding.

    Raises `AddressError` for unknown units, `SettingError` for unknown names and impossible settings.
    """
    recipe, count = recipe_of(canvas, preset, transforms, optimiser, steps)
    if batch_size < 1:
        raise SettingError(f"batch_size is at least 1; got {batch_size}")
    asked = objectives_of(network, units, objective)
    kind = fastest_type(network.device) if dtype == "auto" else dtype
    reads = {read_site(network, site).address for goal in asked for site in goal.sites}
    worker = network.worker(channels_last=True, dtype=kind, reads=reads)
    shape = (size, size) if isinstance(size, int) else size
    made: dict[int, Made] = {}
    with track("synthesis", len(asked), progress) as tell:
        for stage, members in grouped(network, asked, shape, recipe.transforms):
            rows = fitting_batch(worker, [goal for _, goal in members], stage, batch_size, max_memory)
            for first in range(0, len(members), rows):
                indices, goals = zip(*members[first : first + rows], strict=True)
                climb = ascend(worker, goals, recipe.canvas, stage, recipe.optimiser or recipe.canvas.optimiser, count, seed)
                made.update(zip(indices, finished(network, goals, stage, climb), strict=True))
                tell(len(goals))
    settings = {"canvas": recipe.canvas, "transforms": recipe.transforms, "optimiser": recipe.optimiser, "steps": count, "size": shape}
    settings |= {"dtype": kind, "batch_size": batch_size, "objectives": [goal.name for goal in asked]}
    provenance = Provenance("synthesize", network.name, network.weights_hash, method=recipe.canvas.name, settings=plain(settings), seed=seed)
    return collected(asked, [made[index] for index in range(len(asked))], provenance, sweep)


def grouped(net: Network, asked: Sequence[Objective], size: Size | None, transforms: Sequence[Transform]) -> list[Group]:
    """What can be climbed together: objectives that read the same sites on the same stage."""
    groups: dict[Any, list[tuple[int, Objective]]] = defaultdict(list)
    stager = Stager(net, size, tuple(transforms))
    for index, goal in enumerate(asked):
        stage, moved = stager(goal)
        groups[tuple(site.address for site in goal.sites), stage].append((index, moved))
    return [(stage, members) for (_, stage), members in groups.items()]
