"""The optimisation loop: a batch of pictures, one a row, each climbing its own objective; who has arrived makes room for the next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.errors import NotDefinedError
from optogram.network.fast.few import Few, last_convolution
from optogram.network.network import Network
from optogram.network.rectifiers import Rectifier
from optogram.network.severed import severed
from optogram.network.site import Site
from optogram.network.tap import Taps
from optogram.synthesis.canvases._canvas import Canvas, Parameters
from optogram.synthesis.looks import PERIOD, Look, Looks, number
from optogram.synthesis.objectives._objective import Objective, measure
from optogram.synthesis.objectives._response import Response
from optogram.synthesis.opacity import charged, composite
from optogram.synthesis.optimisers import Optimiser, along, row_size
from optogram.synthesis.party import PLAIN, Arrived, Extras, Party
from optogram.synthesis.regularisers._regulariser import Operator, Penalty
from optogram.synthesis.stage import Stage

REDIRECTED = 16
"""For so many steps a row without any gradient gets the one that silent rectifiers held back."""


@dataclass(frozen=True, slots=True)
class Climb:
    """What a batch came to.

    `trace`: the objective at each step, under that step's transforms; NaN after the steps `taken`, where a picture arrived early. `moved`: had
    a gradient at some step. `caring`: |d objective / d picture| summed over channels and steps, where asked for. `frames`: pictures on the way.
    `alpha`: the pictures' opacity, where the canvas has it. `members`: the numbers of the objectives that these are pictures of: all of them,
    unless the climb was stopped.
    """

    images: Float[Tensor, "row channel height width"]
    trace: Float[Tensor, "row step"]
    moved: Bool[Tensor, " row"]
    finite: Bool[Tensor, " row"]
    taken: Int[Tensor, " row"]
    caring: Float[Tensor, "row height width"] | None = None
    frames: tuple[tuple[Tensor, ...], ...] = ()
    alpha: Float[Tensor, "row height width"] | None = None
    members: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Slope:
    """One pass: each row's value, the gradient of its parameters, its root mean square, and the gradient at the picture."""

    values: Float[Tensor, " row"]
    gradients: list[Tensor]
    sizes: Float[Tensor, " row"]
    at_picture: Tensor
    picture: Tensor


def ascend(
    net: Network,
    objectives: Sequence[Objective],
    canvas: Canvas,
    stage: Stage,
    optimiser: Optimiser,
    steps: int,
    seed: int,
    extras: Extras = PLAIN,
    rows: int | None = None,
    tell: Callable[[int], None] | None = None,
    begin: Float[Tensor, "row channel height width"] | None = None,
) -> Climb:
    """Climbs for at most `steps` steps, `rows` pictures at once (all, by default); costs one truncated pass there and back a step and view.

    A row depends on its objective and the seed alone: its start comes from a generator of its own, and the transforms of a
    step are the same for every picture ever made with that seed. Rows that are not finite stand still. `tell` is called with
    how many have arrived. `begin`: the pictures to begin from, on a canvas that they can be written on.
    """
    party = Party(net, objectives, canvas, stage, optimiser, steps, seed, extras, rows or len(objectives), begin)
    looks = Looks(stage, steps, seed, extras.views, net.device.type == "cpu")
    reads = {(term.site.address, exact(term)): read(net, term) for objective in objectives for _, term in objective.terms}
    last = _last(net, objectives, {*reads.values()}, stage)
    with net.tap(*{site.address for site in reads.values()}) as taps, _whole_after(last):
        while party.gather():
            if last is not None:
                last.only({term.unit.index for goal in party.goals for _, term in goal.terms})  # type: ignore[attr-defined]
            for step in range(PERIOD):
                slope = partial(_slope, net, party.goals, canvas, stage, extras, party.parameters, looks.at(party.ages[0] + step), reads, taps)
                _one_step(net, party, slope, extras, step)
                if arrived := party.arrived(step + 1):
                    if tell is not None:
                        tell(arrived)
                    if not party.goals:
                        break
    return _climb(party.done, steps)


def _last(net: Network, objectives: Sequence[Objective], sites: Collection[Site], stage: Stage) -> Few | None:
    """The convolution that need not compute units of which no picture is made; `None` where responses of single units are not all that is asked."""
    terms = [term for objective in objectives for _, term in objective.terms]
    if len(sites) != 1 or not all(isinstance(term, Response) and not term.unit.head for term in terms):
        return None
    (site,) = sites
    return last_convolution(net, site, stage.view)


@contextmanager
def _whole_after(last: Few | None) -> Iterator[None]:
    try:
        yield
    finally:
        if last is not None:
            last.units = None


def _one_step(net: Network, party: Party, slope: Callable[[], Slope], extras: Extras, step: int) -> None:
    found = slope()
    values, gradients, sizes = found.values, found.gradients, found.sizes
    party.moved |= sizes > 0
    if step < REDIRECTED and party.young and bool((sizes == 0).any()):
        gradients, sizes = _redirected(net, slope, party.fresh, gradients, sizes)
    sound = torch.isfinite(sizes) & torch.isfinite(values)
    if sizes.device.type != "cpu" or not bool(sound.all()):
        gradients = [torch.where(along(sound, gradient), gradient, 0) for gradient in gradients]
        sizes = torch.where(sound, sizes, 0)
    party.note(values, sound, found.picture, found.at_picture, step)
    with torch.no_grad():
        party.walk.step(party.parameters, gradients, sizes)
        for regulariser in extras.regularisers:
            if isinstance(regulariser, Operator):
                party.parameters[0].copy_(regulariser.after(party.parameters[0], gradients[0], party.ages[0] + step))
        party.canvas.project(party.parameters)


def _slope(
    net: Network,
    objectives: Sequence[Objective],
    canvas: Canvas,
    stage: Stage,
    extras: Extras,
    parameters: Parameters,
    looks: Sequence[Look],
    reads: Mapping[tuple[str, bool], Site],
    taps: Taps,
) -> Slope:
    """One forward and backward pass a look, then one through the penalties and the canvas."""
    drawn = canvas.draw(parameters, *stage.canvas)
    picture, alpha = drawn.detach().requires_grad_(), bool(getattr(canvas, "alpha", False))
    total, at_picture = torch.zeros(len(objectives), device=picture.device), None
    for look in looks:
        net.run(look(picture, alpha), "input")
        values = measure(objectives, lambda term: _reading(reads[term.site.address, exact(term)], taps))
        total += values.detach() / len(looks)
        if values.requires_grad:
            (gradient,) = torch.autograd.grad(values.sum() / len(looks), picture, allow_unused=True)
            if gradient is not None:
                at_picture = gradient.contiguous() if at_picture is None else at_picture + gradient
        elif cut := severed(net, look(picture, alpha)):
            raise NotDefinedError(f"a picture climbs along gradients, and none come back from this network: {cut}")
    at_picture = torch.zeros_like(picture) if at_picture is None else at_picture
    uphill = _penalised(extras, canvas, picture, at_picture, alpha)
    gradients = [
        torch.zeros_like(parameter) if gradient is None else gradient
        for parameter, gradient in zip(parameters, torch.autograd.grad(drawn, parameters, uphill, allow_unused=True), strict=True)
    ]
    return Slope(total, gradients, row_size(gradients), at_picture, picture.detach())


def _penalised(extras: Extras, canvas: Canvas, picture: Tensor, uphill: Tensor, alpha: bool) -> Tensor:
    """The gradient of the objective less that of the penalties, which a row without an objective's gradient is spared."""
    uphill = charged(uphill, canvas.price) if alpha else uphill  # type: ignore[attr-defined]
    penalties = [one for one in extras.regularisers if isinstance(one, Penalty)]
    if not penalties:
        return uphill
    began = getattr(canvas, "began", None)
    shown = composite(picture) if alpha else picture
    start = torch.full_like(shown, 0.5) if began is None else began.to(picture.device).expand_as(shown)
    amounts = torch.stack([one.penalty(shown, start) for one in penalties])
    (downhill,) = torch.autograd.grad(amounts.sum(), picture)
    moving = (uphill.flatten(1) != 0).any(1)
    return uphill - torch.where(along(moving, downhill), downhill, 0)


def _redirected(net: Network, slope: Callable[[], Slope], fresh: Tensor, gradients: list[Tensor], sizes: Tensor) -> tuple[list[Tensor], Tensor]:
    """For fresh rows without a gradient, that which silent rectifiers on the way would give if they let it through."""
    with net.rectified_by(let_through):
        through = slope()
    dead = (sizes == 0) & fresh
    chosen = [torch.where(along(dead, new), new, old) for new, old in zip(through.gradients, gradients, strict=True)]
    return chosen, torch.where(dead, through.sizes, sizes)


def let_through(z: Tensor, grad: Tensor, rectifier: Rectifier) -> Tensor:
    """The plain gradient; in a row where that is nothing, what would wake the silent: max(grad, 0) (Lucid's redirected ReLU)."""
    plain = rectifier.backward(z, grad)
    silent = (plain.flatten(1) == 0).all(1)
    return torch.where(along(silent, plain), grad.clamp(min=0), plain)


def read_site(net: Network, site: Site) -> Site:
    """The pre-activation of a rectified site: a unit that starts below zero would have no gradient there."""
    return net.site(site.before) if site.rectified and site.before else site


def exact(term: Any) -> bool:
    """Whether a term is read where it says, even if that is after a rectifier."""
    return bool(getattr(term, "exact", False))


def generator(seed: int, name: str) -> torch.Generator:
    """A generator that depends on the seed and a name only."""
    return torch.Generator().manual_seed(number(seed, name))


def read(net: Network, term: Any) -> Site:
    """The site that a term is read at while a picture climbs."""
    site: Site = term.site
    return site if exact(term) else read_site(net, site)


def _reading(site: Site, taps: Taps) -> tuple[Site, Tensor]:
    return site, taps[site.address]


def _climb(by_number: Mapping[int, Arrived], steps: int) -> Climb:
    members = tuple(sorted(by_number))
    done = [by_number[index] for index in members]
    trace = torch.full((len(done), steps), torch.nan)
    for row, one in zip(trace, done, strict=True):
        row[: len(one.trace)] = one.trace
    caring = None if done[0].caring is None else torch.stack([one.caring for one in done if one.caring is not None])
    images = torch.stack([one.image for one in done])
    moved, finite = (torch.tensor([getattr(one, name) for one in done]) for name in ("moved", "finite"))
    taken = torch.tensor([len(one.trace) for one in done])
    alpha = None if done[0].alpha is None else torch.stack([one.alpha for one in done if one.alpha is not None])
    return Climb(images, trace, moved, finite, taken, caring, tuple(one.frames for one in done), alpha, members)
