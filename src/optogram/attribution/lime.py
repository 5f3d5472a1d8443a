"""LIME: a linear model of what the unit says when parts of the photograph come and go, near the whole photograph.

Ribeiro, Singh & Guestrin 2016, "Why should I trust you?". `samples` forward passes.
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


def lime(
    question: Question,
    *,
    segments: Segments = "superpixels",
    cells: int = 6,
    samples: int = 512,
    width: float = 0.25,
    ridge: float = 1.0,
    baseline: Baseline = "black",
) -> Answer:
    """Each part's coefficient in a ridge regression of the response on which parts are there, at every pixel of the part.

    Each part is there or not by the toss of a coin; a draw z weighs exp(-d^2 / width^2), d its cosine distance from all parts there,
    1 - sqrt(share of parts there). `ridge` is the penalty; the intercept is free. Every channel repeats the same map.
    """
    if samples < 2 or width <= 0 or ridge < 0:
        raise SettingError(f"lime takes at least 2 samples, a width over 0 and ridge from 0 up; got {samples}, {width}, {ridge}")
    game = game_of(question, segments, cells, baseline)
    present = game.drawn(lambda parts: coins(parts, samples, question.seed))
    worth = [ridged(tossed, nearness(tossed, width), one[None], ridge)[0] for tossed, one in zip(present, game.play(present), strict=True)]
    return Answer(game.spread(worth), game.responses, game.question.places or (), per_channel=False, estimated=True)


def coins(parts: int, samples: int, seed: int) -> Bool[Tensor, "draw player"]:
    """The first draw has all parts there."""
    present = torch.rand(samples, parts, generator=torch.Generator().manual_seed(seed)) < 0.5
    present[0] = True
    return present


def nearness(present: Bool[Tensor, "draw player"], width: float) -> Float[Tensor, "draw"]:
    """exp(-d^2 / width^2), d the cosine distance from all parts there."""
    far = 1 - present.double().mean(dim=1).sqrt()
    return torch.exp(-((far / width) ** 2))


def ridged(
    present: Bool[Tensor, "draw player"], weight: Float[Tensor, "draw"], answers: Float[Tensor, "batch draw"], ridge: float
) -> Float[Tensor, "batch player"]:
    """Coefficients of sum_i w_i (y_i - a - z_i b)^2 + ridge |b|^2."""
    design, weight = present.to(answers).double(), weight.to(answers)
    share = weight / weight.sum()
    left = design - share @ design
    answers = answers - answers[:, :1]  # a response that never changes gives exact noughts
    right = answers - (answers @ share)[:, None]
    gram = left.T @ (left * weight[:, None]) + ridge * torch.eye(design.shape[1], dtype=torch.float64, device=answers.device)
    worth: Tensor = ((right * weight) @ left) @ torch.linalg.pinv(gram, hermitian=True)
    return worth
