"""Where pictures of one group of objectives are made: the canvas's size, the network's view, and where one lies in the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.synthesis.cut import Cut, cut_out
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response
from optogram.synthesis.preset import FULL
from optogram.synthesis.transforms._transform import Fitted, Matrix, Transform, identity

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stage:
    """`canvas`: height and width of the picture. `view`: of what the network sees. `shift`: from the view's middle to the canvas's."""

    canvas: Size
    view: Size
    shift: tuple[float, float] = (0.0, 0.0)
    transforms: tuple[Transform, ...] = ()

    def still(self) -> Matrix:
        """The map from view to canvas without any transform."""
        matrix = identity()
        matrix[:2, 2] = (-self.shift[0], -self.shift[1])
        return matrix


class Stager:
    """Finds the stage of one objective after another, and asks the network only once about sites and sizes.

    Without a size: the receptive field of a neuron where it lies in the image and is no larger than 128 pixels; the network's
    usual input for a neuron at a place; the lesser of that and 128x128 for all others.
    """

    def __init__(self, net: Network, size: Size | None, transforms: tuple[Transform, ...]) -> None:
        self.net, self.size, self.transforms = net, size, transforms
        self._framed: dict[tuple[tuple[str, ...], Size | None], Stage] = {}
        self._cuts: dict[object, Cut | None] = {}

    def __call__(self, objective: Objective) -> tuple[Stage, Objective]:
        """The stage, and the objective as it reads there: on a cut-out view a neuron's place is another."""
        needed = self.size or next((size for _, term in objective.terms if (size := getattr(term, "size", None))), None)
        neuron = None if needed is not None else _neuron(objective)
        if neuron is not None:
            cut = cut_out(self.net, neuron, FULL, self._cuts)
            if cut is not None:
                moved = replace(objective, terms=((objective.terms[0][0], Response(neuron.unit, cut.place)),))
                return Stage(cut.canvas, cut.view, cut.shift, _adapted(self.transforms, cut.canvas, cut.view)), moved
            if neuron.where != "centre":
                usual = self.net.input_size
                return Stage(usual, usual, transforms=_adapted(self.transforms, usual, usual)), objective
        key = (tuple(site.address for site in objective.sites), needed)
        if key not in self._framed:
            self._framed[key] = framed(self.net, objective.sites, needed, self.transforms)
        return self._framed[key], objective


def framed(net: Network, sites: Sequence[Site], size: Size | None, transforms: Sequence[Transform]) -> Stage:
    """A canvas in a view wide enough for the transforms' margin where the network takes it, in its usual input otherwise."""
    usual = net.input_size
    full = (FULL, FULL)
    canvas = size if size is not None else full if min(usual) > FULL and accepts(net, sites, full) else usual
    margin = sum(transform.margin for transform in _shrunk(transforms, canvas))
    for wide in dict.fromkeys((margin, 0)):
        view = (canvas[0] + 2 * wide, canvas[1] + 2 * wide)
        if view == usual or accepts(net, sites, view):
            return Stage(canvas, view, transforms=_adapted(transforms, canvas, view))
    if canvas[0] > usual[0] or canvas[1] > usual[1]:
        raise SettingError(f"{net.name} does not run on images of {canvas[0]}x{canvas[1]}; a canvas for it has at most {usual[0]}x{usual[1]} pixels")
    return Stage(canvas, usual, transforms=_adapted(transforms, canvas, usual))


def accepts(net: Network, sites: Sequence[Site], size: Size) -> bool:
    """Whether the network runs on images of that size as far as these sites, and they have places there."""
    blank = torch.full((1, net.channels, *size), 0.5, device=net.device)
    try:
        with torch.no_grad(), net.tap(*[site.address for site in sites]) as taps:
            net.run(blank, "input")
            return all(taps[site.address].numel() > 0 for site in sites)
    except Exception:  # a network may refuse a size in any way
        return False


def _adapted(transforms: Sequence[Transform], canvas: Size, view: Size) -> tuple[Transform, ...]:
    """The transforms for these sizes."""
    return tuple(one.fitted(canvas, view) if isinstance(one, Fitted) else one for one in _shrunk(transforms, canvas))


def _shrunk(transforms: Sequence[Transform], canvas: Size) -> tuple[Transform, ...]:
    factor = min(1.0, min(canvas) / FULL)
    return tuple(transforms) if factor == 1 else tuple(transform.scaled(factor) for transform in transforms)


def _neuron(objective: Objective) -> Response | None:
    """The neuron that an objective consists of, if that is all that it is."""
    if len(objective.terms) != 1:
        return None
    term = objective.terms[0][1]
    return term if isinstance(term, Response) and term.where != "mean" and len(term.site.grid) == 2 else None
