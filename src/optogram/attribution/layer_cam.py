"""Layer-CAM: each unit at each place weighted by its own positive gradient, so that early sites give fine maps.

Jiang et al. 2021, "LayerCAM". One forward pass and a backward pass to the site.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from optogram.attribution._cam import cam
from optogram.attribution._question import Answer, Question


def layer_cam(question: Question, *, site: str | None = None) -> Answer:
    """ReLU of the sum over units k of A_k ReLU(g_k), place by place. `site` as in grad_cam."""
    return cam(question, site, by_positive)


def by_positive(activations: Float[Tensor, "batch unit rows columns"], gradients: Float[Tensor, "batch unit rows columns"]) -> Tensor:
    """Each unit at each place by its gradient where that is positive."""
    return (activations * gradients.relu()).sum(dim=1, keepdim=True)
