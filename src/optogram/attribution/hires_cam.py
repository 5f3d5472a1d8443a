"""HiRes-CAM: activation times gradient at each place of a site, summed over units, where positive.

Draelos & Carin 2020, "Use HiResCAM instead of Grad-CAM". One forward pass and a backward pass to the site. It names the places
that the response rose from where the site is followed by linear layers alone; Grad-CAM's mean over places blurs that.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from optogram.attribution._cam import cam
from optogram.attribution._question import Answer, Question


def hires_cam(question: Question, *, site: str | None = None) -> Answer:
    """ReLU of the sum over units k of A_k g_k, place by place. `site` as in grad_cam."""
    return cam(question, site, by_product)


def by_product(activations: Float[Tensor, "batch unit rows columns"], gradients: Float[Tensor, "batch unit rows columns"]) -> Tensor:
    """Each unit at each place by its own gradient."""
    return (activations * gradients).sum(dim=1, keepdim=True)
