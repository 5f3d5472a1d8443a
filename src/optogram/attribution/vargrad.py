"""VarGrad: how much the gradient varies over noisy copies of the photograph.

Adebayo et al. 2018, "Local explanation methods for deep neural networks lack sensitivity to parameter values". `samples` forward and
backward passes.
"""

from __future__ import annotations

from optogram.attribution._noisy import moments
from optogram.attribution._question import Answer, Question
from optogram.errors import SettingError


def vargrad(question: Question, *, samples: int = 25, noise: float = 0.15) -> Answer:
    """Variance of d response / d pixel at x + noise (divided by `samples`); the noise as in smoothgrad. Nought for a linear network."""
    if samples < 2:
        raise SettingError(f"vargrad takes at least 2 samples; got {samples}")
    _, squares, fixed, responses = moments(question, samples, noise)
    return Answer(squares / samples, responses, fixed.places or (), signed=False)
