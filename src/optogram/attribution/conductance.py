"""Conductance: how much of what the photograph adds flows through each unit of a hidden site.

Dhamdhere, Sundararajan & Yan 2019, "How important is a neuron?". steps + 1 forward passes and `steps` backward passes from the site a
photograph. Which units of layer2 drive this class here, so that a picture can be followed down through the network.
"""

from __future__ import annotations

import torch

from optogram.attribution._baseline import Baseline
from optogram.attribution._hidden import along
from optogram.attribution._question import Answer, Question
from optogram.attribution.integrated_gradients import integrated_gradients


def conductance(question: Question, *, baseline: Baseline = "black", steps: int = 32) -> Answer:
    """Sum along the straight path of pixels from the baseline of (change of the unit y) times (d response / d y); sums to f(x) - f(b).

    Ask with `source="layer2"`; without a source the units are the pixels, and this is integrated gradients. `delta` is what the sum misses.
    Gradients are taken midway between two points.
    """
    if question.source is None:
        return integrated_gradients(question, baseline=baseline, steps=steps)
    fixed, responses = question.settled()
    path = along(fixed, baseline)
    total = torch.zeros_like(question.origin())
    with fixed.tracked(steps * len(total)) as watched:
        here = path.activations(watched, 0.0)
        for step in range(steps):
            further = path.activations(watched, (step + 1) / steps)
            total += (further - here) * path.gradients(watched, (step + 0.5) / steps)
            here = further
    base = path.baseline_responses(fixed)
    delta = total.flatten(1).sum(dim=1) - (responses - base)
    return Answer(total, responses, fixed.places or (), delta=delta, base=base)
