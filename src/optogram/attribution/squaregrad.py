"""SquareGrad: the mean squared gradient over noisy copies of the photograph.

Hooker, Erhan, Kindermans & Kim 2019, "A benchmark for interpretability methods" (SmoothGrad-Squared). `samples` forward and backward passes.
"""

from __future__ import annotations

from optogram.attribution._noisy import moments
from optogram.attribution._question import Answer, Question


def squaregrad(question: Question, *, samples: int = 25, noise: float = 0.15) -> Answer:
    """Mean of (d response / d pixel)^2 at x + noise; the noise as in smoothgrad. Without sign: how much a pixel matters, not which way."""
    mean, squares, fixed, responses = moments(question, samples, noise)
    return Answer(mean.square() + squares / samples, responses, fixed.places or (), signed=False)
