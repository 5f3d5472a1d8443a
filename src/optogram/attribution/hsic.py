"""HSIC: how strongly the response depends on whether each part of the photograph is there, in any form of dependence.

Novello, Fel & Vigouroux 2022, "Making sense of dependence". `samples` forward passes, however many parts there are.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.attribution._baseline import Baseline
from optogram.attribution._coalitions import game_of
from optogram.attribution._question import Answer, Question
from optogram.attribution._superpixels import Segments
from optogram.errors import SettingError

NUMBERS = 16_384
"""Of the kernel at a time, so that memory does not grow with the draws."""
HALVINGS = 80


def hsic(question: Question, *, segments: Segments = "grid", cells: int = 7, samples: int = 1024, baseline: Baseline = "black") -> Answer:
    """tr(K_i H L H) / (n - 1)^2 of each part i, at every pixel of the part: the Hilbert-Schmidt independence criterion.

    Each part is there in half of the n draws (a Latin hypercube, halved). K_i is 1 where two draws agree about the part and else 0; L is
    exp(-(y - y')^2 / 2 w^2) of the responses y, w the median distance of two of them (the paper's program takes the median response, which
    is not the same for other units). H centres. 0 means independent; the estimate of a part without effect is about 1 / 4n, not 0. No sign.
    """
    if samples < 4:
        raise SettingError(f"samples is at least 4; got {samples}")
    game = game_of(question, segments, cells, baseline)
    present = game.drawn(lambda parts: halves(parts, samples, torch.Generator().manual_seed(question.seed)))
    answers = game.differences([one - one[:1] for one in game.play(present)])
    found = [dependence(there.to(one.device), one) for there, one in zip(present, answers, strict=True)]
    return Answer(game.spread(found), game.responses, game.question.places or (), estimated=True, signed=False, per_channel=False)


def halves(parts: int, samples: int, generator: torch.Generator) -> Bool[Tensor, "draw part"]:
    """Each part is there in half of the draws, drawn without regard to the others."""
    return torch.rand(samples, parts, generator=generator).argsort(dim=0) < samples // 2


def dependence(present: Bool[Tensor, "draw part"], answers: Float[Tensor, "draw"]) -> Float[Tensor, "part"]:
    """The criterion of each part, L some rows at a time: K = (1 + s s') / 2 with s = -1 or 1, so tr(K H L H) = (H s)' L (H s) / 2."""
    width = median_distance(answers)
    signs = present.to(answers) * 2 - 1
    centred = signs - signs.mean(dim=0)
    total = torch.zeros(present.shape[1], dtype=answers.dtype, device=answers.device)
    if width == 0:
        return total
    for rows in torch.arange(len(answers), device=answers.device).split(max(1, NUMBERS // len(answers))):
        kernel = torch.exp(-0.5 * ((answers[rows, None] - answers[None]) / width) ** 2)
        total += (centred[rows] * (kernel @ centred)).sum(dim=0)
    return total / (2 * (len(answers) - 1) ** 2)


def median_distance(answers: Float[Tensor, "draw"]) -> float:
    """The median of |y - y'| over pairs, by halving: memory as of the numbers alone. Where half of the pairs agree, the standard deviation."""
    ordered = answers.sort().values
    below = torch.arange(len(ordered), device=ordered.device) + 1
    pairs = len(ordered) * (len(ordered) - 1) / 2
    low, high = 0.0, float(ordered[-1] - ordered[0])
    if int((torch.searchsorted(ordered, ordered, right=True) - below).sum()) >= pairs / 2:
        return float(answers.std())
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        within = int((torch.searchsorted(ordered, ordered + middle, right=True) - below).sum())
        low, high = (low, middle) if within >= pairs / 2 else (middle, high)
    return high
