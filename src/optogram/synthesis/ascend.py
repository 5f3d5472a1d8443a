"""The optimisation loop: a batch of pictures, one a row, each climbing its own objective."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.network.network import Network
from optogram.network.rectifiers import Rectifier
from optogram.network.site import Site
from optogram.network.tap import Taps
from optogram.synthesis.canvases._canvas import Canvas, Parameters
from optogram.synthesis.objectives._objective import Objective, measure
from optogram.synthesis.optimisers import Optimiser, along, row_size
from optogram.synthesis.resample import resample, view
from optogram.synthesis.stage import Stage
from optogram.synthesis.transforms._transform import Matrix

REDIRECTED = 16
"""For so many steps a row without any gradient gets the one that silent rectifiers held back."""

Slope = tuple[Tensor, list[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Climb:
    """What a batch came to. `trace`: the objective at each step, under that step's transforms. `moved`: had a gradient at some step."""

    images: Float[Tensor, "row channel height width"]
    trace: Float[Tensor, "row step"]
    moved: Bool[Tensor, " row"]
    finite: Bool[Tensor, " row"]


def ascend(net: Network, objectives: Sequence[Objective], canvas: Canvas, stage: Stage, optimiser: Optimiser, steps: int, seed: int) -> Climb:
    """Climbs for `steps` steps; costs one truncated forward and backward pass a step.

    A row depends on its objective and the seed alone: its start comes from a generator of its own, and the transforms of a
    step are the same for every picture ever made with that seed. Rows that are not finite stand still.
    """
    device = net.device
    starts = canvas.start([generator(seed, objective.name) for objective in objectives], net.channels, *stage.canvas)
    parameters = [start.to(device).requires_grad_() for start in starts]
    walk = optimiser.begin(parameters)
    random = np.random.default_rng(number(seed, "transforms"))
    trace = torch.empty(steps, len(objectives), device=device)
    moved, finite = (torch.full((len(objectives),), state, device=device) for state in (False, True))
    reads = {site.address: read_site(net, site) for objective in objectives for site in objective.sites}
    with net.tap(*{site.address for site in reads.values()}) as taps:
        for step in range(steps):
            matrix = view(stage.transforms, random) @ stage.still()
            slope = partial(_slope, net, objectives, canvas, stage, parameters, matrix, reads, taps)
            values, gradients, sizes = slope()
            moved |= sizes > 0
            if step < REDIRECTED and bool((sizes == 0).any()):
                gradients, sizes = _redirected(net, slope, gradients, sizes)
            sound = torch.isfinite(sizes) & torch.isfinite(values)
            if device.type != "cpu" or not bool(sound.all()):
                gradients = [torch.where(along(sound, gradient), gradient, 0) for gradient in gradients]
                sizes = torch.where(sound, sizes, 0)
            trace[step] = values
            finite &= sound
            with torch.no_grad():
                walk.step(parameters, gradients, sizes)
                canvas.project(parameters)
    return Climb(_finished(canvas, parameters, stage), trace.T.contiguous(), moved, finite)


def _slope(
    net: Network,
    objectives: Sequence[Objective],
    canvas: Canvas,
    stage: Stage,
    parameters: Parameters,
    matrix: Matrix,
    reads: Mapping[str, Site],
    taps: Taps,
) -> Slope:
    """One forward and backward pass: each row's value, its gradient, and the gradient's root mean square."""
    seen = resample(canvas.draw(parameters, *stage.canvas), matrix, *stage.view)
    net.run(seen, "input")
    values = measure(objectives, lambda site: (reads[site.address], taps[reads[site.address].address]))
    if not values.requires_grad:
        return values.detach(), [torch.zeros_like(parameter) for parameter in parameters], torch.zeros_like(values)
    gradients = [
        torch.zeros_like(parameter) if gradient is None else gradient
        for parameter, gradient in zip(parameters, torch.autograd.grad(values.sum(), parameters, allow_unused=True), strict=True)
    ]
    return values.detach(), gradients, row_size(gradients)


def _redirected(net: Network, slope: Callable[[], Slope], gradients: list[Tensor], sizes: Tensor) -> tuple[list[Tensor], Tensor]:
    """For rows without a gradient, that which silent rectifiers on the way would give if they let it through."""
    with net.rectified_by(let_through):
        _, through, strength = slope()
    dead = sizes == 0
    return [torch.where(along(dead, new), new, old) for new, old in zip(through, gradients, strict=True)], torch.where(dead, strength, sizes)


def let_through(z: Tensor, grad: Tensor, rectifier: Rectifier) -> Tensor:
    """The plain gradient; in a row where that is nothing, what would wake the silent: max(grad, 0) (Lucid's redirected ReLU)."""
    plain = rectifier.backward(z, grad)
    silent = (plain.flatten(1) == 0).all(1)
    return torch.where(along(silent, plain), grad.clamp(min=0), plain)


def read_site(net: Network, site: Site) -> Site:
    """The pre-activation of a rectified site: a unit that starts below zero would have no gradient there."""
    return net.site(site.before) if site.rectified and site.before else site


def generator(seed: int, name: str) -> torch.Generator:
    """A generator that depends on the seed and a name only."""
    return torch.Generator().manual_seed(number(seed, name))


def number(seed: int, name: str) -> int:
    """63 bits from the seed and a name."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "big") >> 1


@torch.no_grad()
def _finished(canvas: Canvas, parameters: Parameters, stage: Stage) -> Float[Tensor, "row channel height width"]:
    return canvas.draw(parameters, *stage.canvas).detach()
