"""Blur integrated gradients: each pixel's share of what the photograph's detail adds, from coarse to fine.

Xu, Venugopalan & Sundararajan 2020, "Attribution in scale and space". `steps` forward and backward passes a photograph. No baseline has to be
chosen: the path begins at the photograph without detail.
"""

from __future__ import annotations

import torch

from optogram.attribution._baseline import blurred
from optogram.attribution._question import Answer, Question
from optogram.errors import NotDefinedError, SettingError


def blur_integrated_gradients(question: Question, *, steps: int = 32, sigma: float = 0.2) -> Answer:
    """Sum over steps of (x_k+1 - x_k) times the gradient midway, x_k the photograph blurred by ever less; sums to f(x) - f(x_0) up to `delta`.

    x_0 is blurred by `sigma` times the shorter side; the blur falls as the square of what is left of the way, as most detail is fine.
    """
    if steps < 1 or sigma <= 0:
        raise SettingError(f"blur_integrated_gradients takes at least 1 step and a sigma over 0; got steps={steps}, sigma={sigma}")
    if question.source is not None:
        raise NotDefinedError(f"blur_integrated_gradients blurs photographs; for units of {question.source.address} use integrated_gradients")
    origin = question.origin()
    fixed, responses = question.settled()
    widest = sigma * min(origin.shape[2:])

    def seen(way: float) -> torch.Tensor:
        return blurred(origin, widest * (1 - way) ** 2) if way < 1 else origin

    total, here = torch.zeros_like(origin), seen(0)
    base = fixed.responses(here)
    with fixed.tracked(steps * len(origin)) as watched:
        for step in range(steps):
            further = seen((step + 1) / steps)
            total += (further - here) * watched.gradients(seen((step + 0.5) / steps)).values
            here = further
    delta = total.flatten(1).sum(dim=1) - (responses - base)
    return Answer(total, responses, fixed.places or (), delta=delta, base=base)
