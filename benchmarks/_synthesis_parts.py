"""Where the time of a step of `og.synthesize` goes: the network, the transforms, the canvas, the optimiser, and what is left."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

import optogram as og
from optogram.synthesis.ascend import ascend
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.looks import Looks
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.optimisers import row_size
from optogram.synthesis.stage import Stage

PARTS = ("forward", "backward", "transforms", "canvas", "optimiser")
STEPS = 8


def parts(worker: og.Network, goals: Sequence[Objective], canvas: Canvas, stage: Stage, rounds: int) -> dict[str, float]:
    """Seconds of a whole step, and what of it each part takes alone on the same tensors, in turns, medians of rounds.

    The forward pass is timed with what it keeps for the backward pass; the transforms' part is both of their directions, as is the canvas's.
    """
    generators = [torch.Generator().manual_seed(row) for row in range(len(goals))]
    parameters = [part.requires_grad_() for part in canvas.start(generators, worker.channels, *stage.canvas)]
    looks = Looks(stage, 64, 0, 1, worker.device.type == "cpu")
    walk, site = canvas.optimiser.begin(parameters), goals[0].sites[0]
    picture = canvas.draw(parameters, *stage.canvas).detach().requires_grad_()
    views = [looks.at(step)[0] for step in range(STEPS)]
    seen = views[0](picture).detach().requires_grad_()
    slope = [torch.randn_like(part) for part in parameters]
    sizes, uphill, at_view = row_size(slope), torch.randn_like(picture), torch.randn_like(seen)

    def moved() -> None:
        with torch.no_grad():
            row_size(slope)
            walk.step(parameters, slope, sizes)

    runs: dict[str, Callable[[int], Any]] = {
        "transforms": lambda turn: torch.autograd.grad(views[turn % STEPS](picture), picture, at_view),
        "canvas": lambda turn: torch.autograd.grad(canvas.draw(parameters, *stage.canvas), parameters, uphill),
        "optimiser": lambda turn: moved(),
    }
    climb = partial(ascend, worker, goals, canvas, stage, canvas.optimiser, STEPS, 0)
    found: dict[str, list[float]] = {name: [] for name in ("step", *PARTS)}
    for turn in range(rounds + 1):
        there, back = _passes(worker, site.address, seen)
        now = {"step": _seconds(climb) / STEPS, "forward": there, "backward": back}
        now |= {name: statistics.median(_seconds(partial(run, each)) for each in range(STEPS)) for name, run in runs.items()}
        if turn:  # the first round warms up
            for name, value in now.items():
                found[name].append(value)
    return {name: statistics.median(values) for name, values in found.items()}


def _passes(worker: og.Network, site: str, seen: torch.Tensor) -> tuple[float, float]:
    times: list[tuple[float, float]] = []
    for _ in range(3):
        start = time.perf_counter()
        response = worker.read(site, seen).float().mean()
        middle = time.perf_counter()
        torch.autograd.grad(response, seen)
        times.append((middle - start, time.perf_counter() - middle))
    return statistics.median(there for there, _ in times), statistics.median(back for _, back in times)


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
