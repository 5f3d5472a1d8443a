"""Positive paths: the gradient along paths on which every weight and every unit is positive.

What is often said of guided backprop, and is not guided backprop: there the gradient that comes in must be positive, here each
weight of the path. One forward and one backward pass.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from optogram.attribution._carried import Carrier, carried
from optogram.attribution._question import Answer, Question
from optogram.attribution._rules import positive


def positive_paths(question: Question) -> Answer:
    """Sum over paths of the product of max(W, 0), where every rectifier on the path is open; never negative for a single unit.

    Batch norms are folded into the layer before them first; one without such a layer lets through where its scale is positive.
    Pixels count in 0..1. Leaky rectifiers let through where their unit is positive. Smooth ones are refused with `NotDefinedError`.
    """
    parts = [
        carried(question, rows, Carrier(lambda affine: positive, opened, norm=positive), "photo", "integrated_gradients")
        for rows in question.batches(question.photographs)
    ]
    places = tuple(torch.cat(term) for term in zip(*(part.places for part in parts), strict=True))
    return Answer(torch.cat([part.c for part in parts]), torch.cat([part.responses for part in parts]), places, signed=question.target.mixed)


def opened(name: str, z: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor | None:
    """The slope where the unit is positive; `None` (the gradient) for rectifiers that are nought elsewhere, or none of ours."""
    if name in ("relu6", "hardtanh", "clamp", "leaky_relu", "prelu", "rrelu"):
        with torch.enable_grad():
            leaf = z.clone().requires_grad_()
            (slope,) = torch.autograd.grad(function(leaf).sum(), leaf)
        return slope * (z > 0)
    return None
