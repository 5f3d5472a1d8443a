"""A small network from coordinates to colours: pictures without pixels, smooth and of any size."""

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
class cppn:  # noqa: N801  (a registry's object has its file's name)
    """x(row, column) = sigmoid(f(row, column)), f a network of `depth` layers of `width` units, its weights the parameters.

    Compositional pattern-producing networks (Stanley 2007) as in Mordvintsev, Pezzotti, Schubert & Olah 2018. The same parameters give
    the same picture at every size. Costs about 2 `depth` `width`^2 multiplications a pixel, and memory of 4 `depth` `width` numbers a pixel.
    """

    width: int = 24
    depth: int = 4
    deviation: float = 0.1
    rate: float = 0.01
    name: str = field(default="cppn", init=False)

    @property
    def optimiser(self) -> Optimiser:
        """Adam with step `rate`."""
        return Adam(self.rate)

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Random networks whose pictures are nearly gray; whatever the size."""
        return weights(generators, self.width, self.depth, channels, self.deviation)

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1."""
        return torch.sigmoid(values(parameters, height, width))

    def project(self, parameters: Parameters) -> None:
        """Nothing: every network is allowed."""
