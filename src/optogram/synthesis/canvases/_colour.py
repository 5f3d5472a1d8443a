"""Decorrelated colour: planes that vary independently in natural images, and the colours that they stand for."""

from __future__ import annotations

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

COLOUR = ((0.56282854, 0.5844758, 0.5844758), (0.19482528, 0.0, -0.19482528), (0.0432945, -0.10823626, 0.06494176))
"""Rows: how a step along luminance, orange-blue and green-purple changes red, green and blue (from natural images' covariance)."""
GRAY = sum(COLOUR[0]) / 3
EDGE = 0.01
"""Black and white are taken as this far from it, since the logit of 0 is infinite."""


def coloured(planes: Float[Tensor, "row channel height width"]) -> Float[Tensor, "row channel height width"]:
    """From decorrelated planes to red, green and blue; one plane stays gray, other numbers of channels stay as they are."""
    if planes.shape[1] != 3:
        return planes * GRAY
    matrix = torch.tensor(COLOUR, dtype=planes.dtype, device=planes.device).T
    return torch.matmul(matrix, planes.flatten(2)).view(planes.shape)


def decorrelated(images: Float[Tensor, "row channel height width"]) -> Float[Tensor, "row channel height width"]:
    """The planes whose picture on the Fourier canvas is this one: the colour matrix's inverse of the logit."""
    planes = torch.logit(images.clamp(EDGE, 1 - EDGE))
    if planes.shape[1] != 3:
        return planes / GRAY
    return torch.einsum("pc,rchw->rphw", _inverse().to(planes), planes)


@lru_cache(maxsize=1)
def _inverse() -> Float[Tensor, "plane channel"]:
    inverse: Tensor = torch.linalg.inv(torch.tensor(COLOUR, dtype=torch.float64).T).float()
    return inverse
