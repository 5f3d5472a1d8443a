"""A pyramid of pictures, each half as large as the one before: coarse shapes move in few steps, fine ones stay possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.canvases._canvas import Parameters, noise
from optogram.synthesis.canvases._colour import coloured, decorrelated
from optogram.synthesis.optimisers import Adam, Optimiser

LEAST = 4
"""Pixels that the shorter side of the coarsest level has at least."""


@dataclass(frozen=True, slots=True)
class laplacian:  # noqa: N801  (a registry's object has its file's name)
    """x = sigmoid(C (z_0 + E (z_1 + E (z_2 + ...)))), C the Fourier canvas's colour matrix, E bilinear enlargement to the next level's size.

    The pyramid of Burt & Adelson 1983 as parameters (after Mordvintsev, Pezzotti, Schubert & Olah 2018). A level is half as high and wide as
    the one before, rounded up; at most `levels`, fewer on small canvases. Adam moves every coefficient by about `rate`, and a coarse one moves many
    pixels. Memory of about four pictures.
    """

    levels: int = 6
    deviation: float = 0.05
    rate: float = 0.05
    name: str = field(default="laplacian", init=False)

    @property
    def optimiser(self) -> Optimiser:
        """Adam with step `rate`."""
        return Adam(self.rate)

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Noise at every level, finest first, [row, channel, height, width] each."""
        return [noise(generators, (channels, *size), self.deviation) for size in sizes(height, width, self.levels)]

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1."""
        planes = parameters[-1]
        for finer in reversed(parameters[:-1]):
            planes = finer + enlarged(planes, finer)
        return torch.sigmoid(coloured(planes))

    def project(self, parameters: Parameters) -> None:
        """Nothing: every coefficient is allowed."""

    def write(self, images: Float[Tensor, "row channel height width"]) -> Parameters:
        """The pyramid of these pictures: at each level what the coarser ones miss. Pixels nearer than .01 to black or white are written there."""
        planes, levels = decorrelated(images), []
        for size in sizes(images.shape[2], images.shape[3], self.levels)[1:]:
            coarser: Tensor = F.interpolate(planes, size, mode="bilinear", antialias=True)
            levels.append(planes - enlarged(coarser, planes))
            planes = coarser
        return [*levels, planes]


def sizes(height: int, width: int, levels: int) -> list[tuple[int, int]]:
    """Height and width of each level, finest first."""
    found = [(height, width)]
    while len(found) < levels and min(found[-1]) >= 2 * LEAST:
        found.append(((found[-1][0] + 1) // 2, (found[-1][1] + 1) // 2))
    return found


def enlarged(planes: Float[Tensor, "row channel _ _"], like: Float[Tensor, "row channel height width"]) -> Float[Tensor, "row channel height width"]:
    """Bilinear, to the size of another tensor."""
    larger: Tensor = F.interpolate(planes, like.shape[2:], mode="bilinear")
    return larger
