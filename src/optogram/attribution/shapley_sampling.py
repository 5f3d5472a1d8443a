"""Shapley sampling: each part's mean contribution over random orders in which the parts come in.

Castro, Gomez & Tejada 2009, "Polynomial calculation of the Shapley value based on sampling". (parts - 1) times `samples` forward passes.
Every second order is the one before it backwards, which lowers the variance and changes no mean.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.attribution._baseline import Baseline
from optogram.attribution._coalitions import game_of
from optogram.attribution._question import Answer, Question
from optogram.attribution._superpixels import Segments
from optogram.errors import SettingError


def shapley_sampling(
    question: Question, *, segments: Segments = "superpixels", cells: int = 6, samples: int = 10, baseline: Baseline = "black"
) -> Answer:
    """Mean of f(parts before it and itself) - f(parts before it) over `samples` orders; sums to f(x) - f(baseline) for any number of them.

    A part's value is divided among its pixels. A part without effect has exactly 0. The orders come from the seed.
    """
    if samples < 1:
        raise SettingError(f"samples is at least 1; got {samples}")
    game = game_of(question, segments, cells, baseline)
    orders = game.drawn(lambda parts: draw_orders(parts, samples, torch.Generator().manual_seed(question.seed)))
    answers = game.play([torch.cat([arriving(order)[1:-1] for order in some]) for some in orders])
    ends = torch.stack((game.absent, game.responses), dim=1).double()
    steps = [torch.cat((end[:1].expand(samples, 1), one.view(samples, -1), end[1:].expand(samples, 1)), 1) for end, one in zip(ends, answers)]
    gains = game.differences([one.diff(dim=1) for one in steps])
    return game.complete([averaged(some, one) for some, one in zip(orders, gains, strict=True)])


def averaged(orders: list[Int[Tensor, "player"]], gains: Float[Tensor, "order player"]) -> Float[Tensor, "player"]:
    """Each part's mean gain; `gains` are in the order of arrival."""
    worth = torch.zeros_like(gains[0])
    for order, gain in zip(orders, gains, strict=True):
        worth[order.to(gain.device)] += gain / len(orders)
    return worth


def draw_orders(players: int, samples: int, generator: torch.Generator) -> list[Int[Tensor, "player"]]:
    """Random orders, every second one backwards."""
    drawn = [torch.randperm(players, generator=generator) for _ in range((samples + 1) // 2)]
    return [one for order in drawn for one in (order, order.flip(0))][:samples]


def arriving(order: Int[Tensor, "player"]) -> Bool[Tensor, "step player"]:
    """Who is there before each arrival and after the last: none first, all at the end."""
    rank = order.argsort()
    return rank[None, :] < torch.arange(len(order) + 1)[:, None]
