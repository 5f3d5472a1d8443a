"""A small network from coordinates to colour and opacity: opaque only where it counts, whatever the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.canvases._canvas import Parameters
from optogram.synthesis.canvases._coordinates import values, weights
from optogram.synthesis.optimisers import Adam, Optimiser


@dataclass(frozen=True, slots=True)
class cppn_alpha:  # noqa: N801  (a registry's object has its file's name)
    """The canvas `cppn` with one output more: opacity. Each step sees the picture on another random background (`opacity.py`).

    A pixel pays `price` times the mean slope of the objective along opacity, so that it becomes opaque where it does more for the unit than the
    mean pixel (after Mordvintsev, Pezzotti, Schubert & Olah 2018, who multiply the objective by the share that is transparent, which needs
    objectives above zero). Pictures are shown on gray; `Synthesis.alpha` keeps the opacity.
    """

    width: int = 24
    depth: int = 4
    deviation: float = 0.1
    price: float = 1.0
    rate: float = 0.01
    name: str = field(default="cppn_alpha", init=False)
    alpha: bool = field(default=True, init=False, repr=False)

    @property
    def optimiser(self) -> Optimiser:
        """Adam with step `rate`."""
        return Adam(self.rate)

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Random networks whose pictures are nearly gray and half opaque; whatever the size."""
        return weights(generators, self.width, self.depth, channels + 1, self.deviation)

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures' colours, and behind them their opacity, all 0..1."""
        return torch.sigmoid(values(parameters, height, width))

    def project(self, parameters: Parameters) -> None:
        """Nothing: every network is allowed."""
