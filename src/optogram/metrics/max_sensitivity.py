"""Max-sensitivity: how much the map changes when the photograph changes so little that nobody sees it.

Yeh, Hsieh, Suggala, Inouye & Ravikumar 2019, "On the (in)fidelity and sensitivity of explanations". The method is asked `samples` times.
"""

from __future__ import annotations

import torch

from optogram.errors import SettingError
from optogram.metrics._trial import Marks, Trial


def max_sensitivity(trial: Trial, *, radius: float = 0.02, samples: int = 10) -> Marks:
    """Greatest of |map(y) - map(x)| / |map(x)| (Euclidean) over random y with every pixel within `radius` of x; lower is better.

    The draws are the same for every photograph. NaN where the map is nought.
    """
    if radius <= 0 or samples < 1:
        raise SettingError(f"max_sensitivity takes a radius over 0 and at least 1 sample; got radius={radius}, samples={samples}")
    explain, generator = trial.asked_anew("max_sensitivity"), trial.generator()
    here = explain(trial.question.network, trial.images).flatten(1).double()
    length = torch.linalg.vector_norm(here, dim=1)
    worst = torch.zeros_like(length)
    for _ in range(samples):
        nudge = (2 * torch.rand(trial.images.shape[1:], generator=generator) - 1) * radius
        there = explain(trial.question.network, (trial.images + nudge.to(trial.images)).clamp(0, 1)).flatten(1).double()
        worst = torch.maximum(worst, torch.linalg.vector_norm(there - here, dim=1))
    return Marks(torch.where(length > 0, worst / length, torch.nan).float(), "low")
