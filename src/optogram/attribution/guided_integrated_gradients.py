"""Guided integrated gradients: integrated along a path that first changes the pixels on which the response depends least.

Kapishnikov et al. 2021, "Guided Integrated Gradients: an adaptive path method for removing noise". `steps` + 1 forward and backward passes
a photograph, one after the other; photographs go together, each on its own path.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Answer, Question
from optogram.errors import SettingError

Path = Float[Tensor, "batch pixel"]


def guided_integrated_gradients(
    question: Question, *, baseline: Baseline = "black", steps: int = 64, fraction: float = 0.1, anchors: int = 31
) -> Answer:
    """Sum over steps of (change of each pixel) times its mean gradient at both ends of the step; sums to f(x) - f(b) up to `delta`.

    Each step shortens the way to the photograph (the sum of |x - here|) by the same length: by moving those pixels, a `fraction` of
    all, whose gradients are smallest, then the next smallest, until the length is covered. The path passes `anchors` points at equal
    distances on the straight line, which keep it near; `anchors=0` lets it wander; as many as `steps` make it straight. The paper takes the
    gradient at the beginning of each step; the mean of both ends errs by the square of the step. Far from the line real networks bend too
    fast for either: look at `delta`, and add anchors where it is large (a SqueezeNet, 31 anchors and 64 steps: a tenth; 7 and 32: two thirds).
    """
    if steps < 1 or anchors < 0 or not 0 < fraction <= 1:
        raise SettingError(
            f"steps are at least 1, anchors at least 0, fraction over 0 and at most 1; got steps={steps}, anchors={anchors}, fraction={fraction}"
        )
    origin = question.origin()
    base = baseline_of(question, origin, baseline)
    fixed, responses = question.settled()
    segments = min(anchors + 1, steps)
    counts = [steps * (number + 1) // segments - steps * number // segments for number in range(segments)]
    here, total = base.flatten(1).clone(), torch.zeros_like(origin).flatten(1)
    with fixed.tracked((steps + 1) * len(origin)) as watched:

        def slopes(point: Path) -> Path:
            return watched.gradients(point.view_as(origin)).values.flatten(1)

        gradient = slopes(here)
        for number, count in enumerate(counts):
            begin, end = (base.flatten(1) + share * (origin - base).flatten(1) for share in (number / segments, (number + 1) / segments))
            length = (end - begin).abs().sum(dim=1)
            for step in range(count):
                further = advanced(here, end, gradient, length * (1 - (step + 1) / count), fraction) if step + 1 < count else end
                beyond = slopes(further)
                total += (further - here) * (gradient + beyond) / 2
                here, gradient = further, beyond
    values = total.view_as(origin)
    delta = total.sum(dim=1) - (responses - fixed.responses(base))
    return Answer(values, responses, fixed.places or (), delta=delta)


def advanced(here: Path, end: Path, gradient: Path, left: Float[Tensor, "batch"], fraction: float) -> Path:
    """Every row moved towards `end` until the sum of |end - here| is `left`, pixels of small gradient first."""
    return torch.stack([_moved(*row, fraction) for row in zip(here, end, gradient.abs(), left, strict=True)])


def _moved(here: Float[Tensor, "pixel"], end: Float[Tensor, "pixel"], size: Float[Tensor, "pixel"], left: Tensor, fraction: float) -> Tensor:
    """One row: in groups of a fraction of all pixels, the last group only as far as is needed; equal gradients go together."""
    here, group = here.clone(), max(1, int(fraction * len(here)))
    while True:
        away = (end - here).abs()
        needed = away.sum() - left
        moving = away > 0
        if needed <= 0 or not bool(moving.any()):
            return here
        among = size[moving]
        chosen = moving & (size <= among.kthvalue(min(group, len(among))).values)
        share = needed / away[chosen].sum()
        if share <= 1:
            return torch.where(chosen, here + share * (end - here), here)
        here = torch.where(chosen, end, here)
