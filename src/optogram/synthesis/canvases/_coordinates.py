"""Small networks from a pixel's coordinates to its values, one network a picture, all pictures of a batch at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.canvases._canvas import Parameters

EXTENT = 3**0.5
"""Coordinates run from minus this to this along the longer side: uniform numbers of variance 1."""
SPREAD, CENTRE, SCALE = 0.67, 0.45, 0.396
"""Root mean square of atan(z) for normal z, mean of its square, and that square's standard deviation."""


def weights(generators: Sequence[torch.Generator], width: int, depth: int, outputs: int, last: float) -> Parameters:
    """For each layer its weights [row, in, out], N(0, 1 / in), times `last` in the last layer; each picture from its own generator."""
    inner = [(2, width), *[(2 * width, width)] * (depth - 1), (2 * width, outputs)]
    found = [torch.stack([torch.randn(shape, generator=one) for one in generators]) / shape[0] ** 0.5 for shape in inner]
    return [*found[:-1], found[-1] * last, torch.zeros(len(generators), 1, outputs)]


def values(parameters: Parameters, height: int, width: int) -> Float[Tensor, "row output height width"]:
    """What the networks say at every pixel of a picture of this size.

    A layer's sums z become atan(z) / .67 and (atan(z)^2 - .45) / .396, both of mean 0 and variance 1 for normal z (after Mordvintsev,
    Pezzotti, Schubert & Olah 2018).
    """
    *layers, offset = parameters
    grid = coordinates(height, width).to(offset)
    now = grid @ layers[0]
    for layer in layers[1:]:
        bent = torch.atan(now)
        now = torch.cat([bent / SPREAD, (bent.square() - CENTRE) / SCALE], 2) @ layer
    drawn: Tensor = (now + offset).transpose(1, 2).unflatten(2, (height, width))
    return drawn


def coordinates(height: int, width: int) -> Float[Tensor, "place 2"]:
    """Row and column of each pixel's middle, in step along both sides, 0 in the middle of the picture."""
    pixel = 2 * EXTENT / max(height, width)
    rows, columns = ((torch.arange(side) - (side - 1) / 2) * pixel for side in (height, width))
    return torch.cartesian_prod(rows, columns)
