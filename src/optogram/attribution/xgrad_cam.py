"""XGrad-CAM: Grad-CAM whose weights are mean gradients where the unit is active.

Fu et al. 2020, "Axiom-based Grad-CAM". One forward pass and a backward pass to the site.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._cam import cam
from optogram.attribution._question import Answer, Question


def xgrad_cam(question: Question, *, site: str | None = None) -> Answer:
    """Weight of unit k: the sum over places of A_k g over the sum of A_k. `site` as in grad_cam.

    Sums to what HiRes-CAM does before the negative part is dropped; a unit whose activations sum to 0 weighs nothing.
    """
    return cam(question, site, by_activity)


def by_activity(activations: Float[Tensor, "batch unit rows columns"], gradients: Float[Tensor, "batch unit rows columns"]) -> Tensor:
    """Each unit by its gradient's mean, weighted by where the unit is active."""
    total = activations.sum(dim=(2, 3), keepdim=True)
    product = (activations * gradients).sum(dim=(2, 3), keepdim=True)
    weights = torch.where(total != 0, product / torch.where(total != 0, total, 1.0), 0.0)
    return (activations * weights).sum(dim=1, keepdim=True)
