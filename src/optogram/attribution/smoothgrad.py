"""SmoothGrad: the mean gradient over noisy copies of the photograph.

Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise". `samples` forward and backward passes a photograph, in inner
batches.
"""

from __future__ import annotations

from optogram.attribution._noisy import moments
from optogram.attribution._question import Answer, Question


def smoothgrad(question: Question, *, samples: int = 25, noise: float = 0.15) -> Answer:
    """Mean of d response / d pixel at x + noise; its standard deviation is `noise` times the photograph's range (max - min).

    The unit is read at the neuron that is greatest on the photograph itself. The noise comes from the seed, the same for every
    photograph of a size.
    """
    mean, _, fixed, responses = moments(question, samples, noise)
    return Answer(mean, responses, fixed.places or ())
