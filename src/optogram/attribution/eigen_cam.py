"""Eigen-CAM: the first principal direction of a site's activations. It does not ask which unit responds.

Muhammad & Yeasin 2020, "Eigen-CAM". One forward pass, and a backward pass to find a site that feeds the target. A baseline for
other maps rather than an explanation: every class gets the same one.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._cam import cam
from optogram.attribution._question import Answer, Question


def eigen_cam(question: Question, *, site: str | None = None) -> Answer:
    """A v, places by units times the first right singular vector of A [place, unit], its sign such that the map's sum is positive.

    A is not centred, as in the paper (some libraries do). `site` as in grad_cam. Where nothing at the site changes the response the map is 0.
    """
    answer = cam(question, site, by_direction)
    return replace(answer, notes=(f"the same for every unit: the strongest pattern at {answer.site}, whatever the target",))


def by_direction(activations: Float[Tensor, "batch unit rows columns"], gradients: Float[Tensor, "batch unit rows columns"]) -> Tensor:
    """The projection of each place on the first right singular vector."""
    places = activations.flatten(2).transpose(1, 2)
    _, _, directions = torch.linalg.svd(places.float() if places.dtype.itemsize < 4 else places, full_matrices=False)
    found = (places @ directions[:, :1].to(places).transpose(1, 2)).transpose(1, 2)
    found = found * torch.where(found.sum(dim=2, keepdim=True) < 0, -1.0, 1.0)
    fed = gradients.flatten(1).any(dim=1).view(-1, 1, 1, 1)
    return torch.where(fed, found.unflatten(2, activations.shape[2:]), 0.0)
