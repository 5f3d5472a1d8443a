"""Grad-CAM: a site's units, weighted by how much each drives the response, where their sum is positive.

Selvaraju et al. 2017, "Grad-CAM". One forward pass and a backward pass to the site. As coarse as the site's grid.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from optogram.attribution._cam import cam
from optogram.attribution._question import Answer, Question


def grad_cam(question: Question, *, site: str | None = None) -> Answer:
    """ReLU of the sum over units k of A_k times the mean gradient at A_k, enlarged (bilinear) to the photograph.

    `site`: by default the last one with spatial extent that feeds the target; the answer names it. Tokens are put on their grid,
    named tokens left out. What the network's crop leaves out of the photograph is 0. Every channel repeats the same map.
    """
    return cam(question, site, by_mean)


def by_mean(activations: Float[Tensor, "batch unit rows columns"], gradients: Float[Tensor, "batch unit rows columns"]) -> Tensor:
    """Each unit by its mean gradient."""
    return (activations * gradients.mean(dim=(2, 3), keepdim=True)).sum(dim=1, keepdim=True)
