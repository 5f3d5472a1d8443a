"""Gradients at noisy copies of a photograph: what SmoothGrad, SquareGrad and VarGrad share."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._question import Question
from optogram.errors import SettingError


def moments(question: Question, samples: int, noise: float) -> tuple[Float[Tensor, "batch ..."], Float[Tensor, "batch ..."], Question, Tensor]:
    """Mean of the gradient and sum of its squared deviations over the copies (Welford), the question settled, the responses.

    The noise's standard deviation is `noise` times the photograph's range (max - min); it comes from the seed, the same for every
    photograph of a size. `samples` forward and backward passes a photograph.
    """
    if samples < 1 or noise < 0:
        raise SettingError(f"{question.method} takes at least 1 sample and noise from 0 up; got samples={samples}, noise={noise}")
    origin = question.origin()
    fixed, responses = question.settled()
    flat = origin.flatten(1)
    spread = noise * (flat.amax(dim=1) - flat.amin(dim=1)).view(-1, *[1] * (origin.ndim - 1))
    generator = torch.Generator().manual_seed(question.seed)
    mean, squares = torch.zeros_like(origin), torch.zeros_like(origin)
    with fixed.tracked(samples * len(origin)) as watched:
        for number in range(1, samples + 1):
            draw = torch.randn(origin.shape[1:], generator=generator).to(origin)
            slopes = watched.gradients(origin + spread * draw).values
            before = slopes - mean
            mean += before / number
            squares += before * (slopes - mean)
    return mean, squares, fixed, responses
