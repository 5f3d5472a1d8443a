"""SmoothGrad: the mean gradient over noisy copies of the photograph.

Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise". `samples` forward and backward passes a photograph, in inner
batches.
"""

from __future__ import annotations

import torch

from optogram.attribution._question import Answer, Question
from optogram.errors import SettingError


def smoothgrad(question: Question, *, samples: int = 25, noise: float = 0.15) -> Answer:
    """Mean of d response / d pixel at x + noise; its standard deviation is `noise` times the photograph's range (max - min).

    The unit is read at the neuron that is greatest on the photograph itself. The noise comes from the seed, the same for every
    photograph of a size.
    """
    if samples < 1 or noise < 0:
        raise SettingError(f"smoothgrad takes at least 1 sample and noise from 0 up; got samples={samples}, noise={noise}")
    origin = question.origin()
    fixed, responses = question.settled()
    flat = origin.flatten(1)
    spread = noise * (flat.amax(dim=1) - flat.amin(dim=1)).view(-1, *[1] * (origin.ndim - 1))
    generator = torch.Generator().manual_seed(question.seed)
    total = torch.zeros_like(origin)
    with fixed.tracked(samples * len(origin)) as watched:
        for _ in range(samples):
            draw = torch.randn(origin.shape[1:], generator=generator).to(origin)
            total += watched.gradients(origin + spread * draw).values
    return Answer(total / samples, responses, fixed.places or ())
