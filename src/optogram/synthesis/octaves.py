"""A climb from a small picture to a large one: what was found at one size is where the next one begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.synthesis.ascend import Climb, ascend
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.optimisers import Optimiser
from optogram.synthesis.party import Extras
from optogram.synthesis.preset import Preset
from optogram.synthesis.resample import GRAY
from optogram.synthesis.stage import Size, Stage, framed


def stages_of(net: Network, stage: Stage, goals: Sequence[Objective], recipe: Preset) -> list[Stage]:
    """The stage of each octave, the given one last; that one alone where the picture's size is part of what is asked (neurons, photographs)."""
    terms = [term for goal in goals for _, term in goal.terms]
    if any(getattr(term, "size", None) or getattr(term, "where", "mean") != "mean" for term in terms):
        return [stage]
    smaller = sizes(stage.canvas, recipe.octaves, recipe.ratio)[:-1]
    return [*(framed(net, goals[0].sites, size, recipe.transforms) for size in smaller), stage]


def in_octaves(
    net: Network,
    objectives: Sequence[Objective],
    canvas: Canvas,
    stages: Sequence[Stage],
    optimiser: Optimiser,
    steps: int,
    seed: int,
    extras: Extras,
    rows: int,
    tell: Callable[[int], None],
) -> Climb:
    """One `ascend` after another, `steps` in all, from the first stage to the last.

    Each begins at the photograph of its own size (gray without one) and what the one before added to it, enlarged (Mordvintsev, Olah & Tyka 2015).
    """
    if len(stages) == 1:
        return ascend(net, objectives, canvas, stages[0], optimiser, steps, seed, extras, rows, tell)
    if not hasattr(canvas, "write"):
        raise SettingError(f'octaves begin where others ended, which the canvas "{canvas.name}" cannot; use pixel, fourier, image or laplacian')
    found: list[Climb] = []
    begin: Tensor | None = None
    before, parts = torch.tensor(GRAY), replace(extras, frames=math.ceil(extras.frames / len(stages)))
    for number, stage in enumerate(stages):
        here, count = _of_size(canvas, stage.canvas), (number + 1) * steps // len(stages) - number * steps // len(stages)
        origin = getattr(here, "began", None)
        origin = torch.tensor(GRAY) if origin is None else origin
        if found:
            objectives = [objectives[index] for index in found[-1].members]
            begin = (origin + _enlarged(found[-1].images.cpu() - before, stage.canvas)).clamp(0, 1)
        last = tell if number == len(stages) - 1 else None
        found.append(ascend(net, objectives, here, stage, optimiser, count, seed, parts, rows, last, begin))
        before = origin
    return _joined(found)


def sizes(canvas: Size, count: int, ratio: float) -> list[Size]:
    """Height and width of each octave, smallest first, each `ratio` times the one before."""
    height, width = canvas
    return [(max(1, round(height / ratio**down)), max(1, round(width / ratio**down))) for down in reversed(range(count))]


def _of_size(canvas: Any, size: Size) -> Canvas:
    """The canvas, its photograph brought to a size."""
    if getattr(canvas, "began", None) is None:
        return canvas  # type: ignore[no-any-return]
    smaller: Tensor = F.interpolate(canvas.began, size, mode="bilinear", antialias=True)
    resized: Canvas = replace(canvas, began=smaller.clamp(0, 1))
    return resized


def _enlarged(pictures: Float[Tensor, "row channel _ _"], size: Size) -> Float[Tensor, "row channel height width"]:
    larger: Tensor = F.interpolate(pictures, size, mode="bilinear", antialias=True)
    return larger


def _joined(climbs: Sequence[Climb]) -> Climb:
    """The last pictures, with the way of all octaves behind them; of a climb that was stopped, those that every octave has."""
    rows = list(range(len(climbs[-1].members)))
    found: list[Climb] = []
    for one in reversed(climbs):
        found.insert(0, _of_rows(one, rows))
        rows = [one.members[row] for row in rows]  # an octave's objectives are the rows of the one before
    last = found[-1]
    size = (last.images.shape[2], last.images.shape[3])
    caring = None
    if last.caring is not None:
        caring = torch.stack([_enlarged(one.caring[:, None], size)[:, 0] for one in found if one.caring is not None]).sum(0)
    frames = tuple(sum((one.frames[row] for one in found), ()) for row in range(len(last.images)))
    return Climb(
        last.images,
        _packed([one.trace for one in found], [one.taken for one in found]),
        torch.stack([one.moved for one in found]).any(0),
        torch.stack([one.finite for one in found]).all(0),
        torch.stack([one.taken for one in found]).sum(0),
        caring,
        frames,
        last.alpha,
        tuple(rows),
    )


def _of_rows(climb: Climb, rows: list[int]) -> Climb:
    caring, frames = (None if climb.caring is None else climb.caring[rows]), tuple(climb.frames[row] for row in rows)
    parts = {name: getattr(climb, name)[rows] for name in ("images", "trace", "moved", "finite", "taken")}
    return replace(climb, caring=caring, frames=frames, alpha=None if climb.alpha is None else climb.alpha[rows], **parts)


def _packed(traces: Sequence[Float[Tensor, "row _"]], taken: Sequence[Int[Tensor, " row"]]) -> Float[Tensor, "row step"]:
    """Each row's steps of all octaves one after another, and NaN behind them."""
    whole = torch.full((len(traces[0]), sum(trace.shape[1] for trace in traces)), torch.nan)
    for row, place in enumerate(whole):
        steps = torch.cat([trace[row, : int(count[row])] for trace, count in zip(traces, taken, strict=True)])
        place[: len(steps)] = steps
    return whole
