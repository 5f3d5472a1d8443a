"""`og.synthesize`: pictures that drive units, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch

from optogram import memory
from optogram.errors import SettingError
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.network.site import Unit
from optogram.progress import Progress, track
from optogram.result import Provenance
from optogram.synthesis.ascend import read
from optogram.synthesis.asked import Asked, objectives_of
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.canvases._given import Picture, given
from optogram.synthesis.collect import Made, collected, compared, finished, plain
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.octaves import in_octaves, stages_of
from optogram.synthesis.optimisers import Optimiser
from optogram.synthesis.party import Extras, Watch, families
from optogram.synthesis.preset import Preset
from optogram.synthesis.recipe import recipe_of
from optogram.synthesis.regularisers._regulariser import Regulariser
from optogram.synthesis.result import Synthesis
from optogram.synthesis.speed import MOST_ROWS, fastest_type, fitting_batch
from optogram.synthesis.stage import Size, Stage, Stager
from optogram.synthesis.transforms._transform import Transform
from optogram.synthesis.verdict import SLOW

Group = tuple[Stage, list[tuple[int, Objective]]]


@memory.kept()
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
    regularisers: Sequence[str | Regulariser] | None = None,
    views: int | None = None,
    photos: Photos | None = None,
    image: Picture | None = None,
    early: bool | float = False,
    caring: bool = False,
    frames: int = 0,
    twins: Sequence[Network] = (),
    seeds: int = 1,
    watch: Watch | None = None,
    stop: Callable[[], bool] | None = None,
    batch_size: int | None = None,
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
    activations may take; the batch shrinks to fit. `sweep`: what photographs do, to be told beside what was reached. `photos`:
    where a canvas takes statistics of natural images from (maco). `image`: a photograph to start from (a file, or an array
    [height, width, 3]) for canvases and presets that do (image, accentuation, deepdream). `views`: how many looks with
    transforms of their own make one step. `early`: pictures that gained no more than 1 % of
    their rise (or this share) in the last 32 steps leave and make room for others. `caring`: keep where
    the objective cared. `frames`: keep so many pictures on the way, for `.movie(path)`. `twins`:
    networks that have learned nothing (`net.twin(...)`), to tell what the same steps reach in them. `watch`: called at
    each step with its number and the pictures as they are, by their place in `units`; what it raises ends the climb. `stop`: asked after
    each step; once it is true, the pictures begun so far are given as they are, without those that had not begun, twins and other seeds.
    `seeds`: climb from so many starts in all, the first of which is kept, and tell how far their pictures agree.

    Costs `steps` forward and backward passes, as far as the deepest site asked for, per `batch_size` pictures (32 or 16 at once by default). The same
    seed gives the same pictures; a unit's picture does not depend on what else is asked for, to rounding.

    Raises `AddressError` for unknown units, `SettingError` for unknown names and impossible settings.
    """
    recipe, count = recipe_of(canvas, preset, transforms, optimiser, steps, regularisers, views)
    if (batch_size is not None and batch_size < 1) or seeds < 1:
        raise SettingError(f"batch_size and seeds are at least 1; got {batch_size} and {seeds}")
    asked_size = (size, size) if isinstance(size, int) else size
    drawn = given(recipe.canvas, network, photos, image, asked_size)
    asked = objectives_of(network, units, objective, recipe.objective)
    kind = fastest_type(network.device) if dtype == "auto" else dtype
    reads = {read(network, term).address for goal in asked for _, term in goal.terms}
    shape = asked_size or getattr(drawn, "size", None)
    extras = Extras(recipe.views, recipe.regularisers, SLOW * early if isinstance(early, bool) else early, caring, frames, watch, stop)
    groups = grouped(network, asked, shape, recipe.transforms)

    def climbed(one: Network, extras: Extras, seed: int = seed) -> dict[int, Made]:
        made: dict[int, Made] = {}
        worker = one.worker(channels_last=True, dtype=kind, reads=reads, gradients=True)
        for stage, members in groups:
            indices, goals = zip(*members, strict=True)
            seen = None if extras.watch is None else renumbered(extras.watch, indices)
            rows = max(fitting_batch(worker, goals, stage, batch_size, max_memory), max(map(len, families(goals, batch_size or len(goals)))))
            stages, steering = stages_of(one, stage, goals, recipe), recipe.optimiser or drawn.optimiser
            climb = in_octaves(worker, goals, drawn, stages, steering, count, seed, replace(extras, watch=seen), rows, tell)
            begun = [goals[row] for row in climb.members]
            made.update(zip([indices[row] for row in climb.members], finished(one, begun, stage, climb, rows), strict=True))
            if over():
                break
        return dict(sorted(made.items()))

    bare, over = replace(extras, caring=False, frames=0, watch=None), stop or (lambda: False)
    later = [*((twin, bare, seed) for twin in twins), *((network, bare, seed + number) for number in range(1, seeds))]
    with track("synthesis", len(asked) * (seeds + len(twins)), progress) as tell:
        found = climbed(network, extras)
        further = [list(climbed(*one).values()) for one in later if not over()]
    further = [] if over() else further
    asked = [asked[index] for index in found]
    levels, others = [[one.activation for one in made] for made in further[: len(twins)]], further[len(twins) :]
    settings = {"canvas": drawn, "transforms": recipe.transforms, "optimiser": recipe.optimiser, "steps": count, "size": shape}
    settings |= {"views": recipe.views, "regularisers": recipe.regularisers, "early": early, "octaves": recipe.octaves}
    settings |= {"dtype": kind, "batch_size": batch_size or MOST_ROWS, "objectives": [goal.name for goal in asked]}
    provenance = Provenance("synthesize", network.name, network.weights_hash, method=drawn.name, settings=plain(settings), seed=seed)
    kept = list(found.values())
    return collected(asked, kept, provenance, sweep, levels, compared(network, asked, [kept, *others]) if others else None)


def renumbered(watch: Watch, indices: Sequence[int]) -> Watch:
    """The same watch for a part of what was asked, whose numbers there are `indices`."""
    return lambda step, pictures: watch(step, {indices[index]: picture for index, picture in pictures.items()})


def grouped(net: Network, asked: Sequence[Objective], size: Size | None, transforms: Sequence[Transform]) -> list[Group]:
    """What can be climbed together: objectives that read the same sites on the same stage."""
    groups: dict[Any, list[tuple[int, Objective]]] = defaultdict(list)
    stager = Stager(net, size, tuple(transforms))
    for index, goal in enumerate(asked):
        stage, moved = stager(goal)
        groups[tuple(site.address for site in goal.sites), stage].append((index, moved))
    return [(stage, members) for (_, stage), members in groups.items()]
