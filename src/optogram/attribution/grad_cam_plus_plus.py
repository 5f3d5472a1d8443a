"""Grad-CAM++: Grad-CAM whose weights count each place where a unit helps, so that several small objects are not averaged away.

Chattopadhay et al. 2018, "Grad-CAM++". One forward pass and a backward pass to the site.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._cam import cam
from optogram.attribution._question import Answer, Question


def grad_cam_plus_plus(question: Question, *, site: str | None = None) -> Answer:
    """Weight of unit k: the sum over places of alpha ReLU(g), alpha = g^2 / (2 g^2 + sum of A_k g^3), for the exponential of the response.

    The exponential itself, a factor common to all units, is left out. `site` as in grad_cam.
    """
    return cam(question, site, by_place)


def by_place(activations: Float[Tensor, "batch unit rows columns"], gradients: Float[Tensor, "batch unit rows columns"]) -> Tensor:
    """Each unit by its positive gradients, each weighted by alpha; g / max|g| first, so that cubes do not vanish."""
    top = gradients.abs().amax(dim=(1, 2, 3), keepdim=True)
    gradient = torch.where(top > 0, gradients / torch.where(top > 0, top, 1.0), 0.0)
    below = 2 * gradient.square() + top * (activations.sum(dim=(2, 3), keepdim=True) * gradient**3)
    alpha = torch.where(gradient != 0, gradient.square() / torch.where(below != 0, below, torch.finfo(below.dtype).eps), 0.0)
    return (activations * (alpha * gradients.relu()).sum(dim=(2, 3), keepdim=True)).sum(dim=1, keepdim=True)
