"""Internal influence: how much the response would change with each unit of a hidden site, averaged between a baseline and the photograph.

Leino, Sen, Datta, Fredrikson & Li 2018, "Influence-directed explanations for deep convolutional networks". `steps` forward and backward passes a
photograph.
"""

from __future__ import annotations

import torch

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._hidden import along
from optogram.attribution._question import Answer, Question
from optogram.attribution.integrated_gradients import quadrature_of


def internal_influence(question: Question, *, baseline: Baseline = "black", steps: int = 32) -> Answer:
    """Mean of d response / d y along the straight path of pixels from the baseline, y the units of the source (Gauss-Legendre nodes).

    Ask with `source="layer2"`; without a source the units are the pixels.
    """
    nodes, weights = quadrature_of("gauss_legendre", steps)
    origin = question.origin()
    fixed, responses = question.settled()
    total = torch.zeros_like(origin)
    base = baseline_of(question, origin, baseline) if question.source is None else origin
    path = along(fixed, baseline)
    with fixed.tracked(steps * len(origin)) as watched:
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            if question.source is None:
                total += weight * watched.gradients(base + node * (origin - base)).values
            else:
                total += weight * path.gradients(watched, node)
    return Answer(total, responses, fixed.places or ())
