"""KernelSHAP: Shapley values of the parts by a weighted linear regression over random coalitions.

Lundberg & Lee 2017, "A unified approach to interpreting model predictions". `samples` forward passes. Exact where there are no more
coalitions than samples: then each is played once.
"""

from __future__ import annotations

import itertools
import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.attribution._baseline import Baseline
from optogram.attribution._coalitions import game_of
from optogram.attribution._question import Answer, Question
from optogram.attribution._superpixels import Segments
from optogram.errors import SettingError


def kernel_shap(
    question: Question, *, segments: Segments = "superpixels", cells: int = 6, samples: int = 512, baseline: Baseline = "black"
) -> Answer:
    """The worths that fit the responses best under the kernel (K - 1) / (C(K, s) s (K - s)), held to sum to f(x) - f(baseline).

    Sizes s are drawn in proportion to 1 / (s (K - s)), each coalition with its complement. A part's worth is divided among its pixels.
    """
    if samples < 2:
        raise SettingError(f"samples is at least 2; got {samples}")
    game = game_of(question, segments, cells, baseline)
    coalitions = game.drawn(lambda parts: coalitions_of(parts, samples, question.seed))
    absent, total = game.absent.double(), (game.responses - game.absent).double()
    gains = [one - none for one, none in zip(game.play([present for present, _ in coalitions]), absent, strict=True)]
    worth = [fitted(*drawn, one[None], total[row : row + 1])[0] for row, (drawn, one) in enumerate(zip(coalitions, gains, strict=True))]
    return game.complete(worth, estimated=any(2**count - 2 > samples for count in game.counts))


def coalitions_of(players: int, samples: int, seed: int) -> tuple[Bool[Tensor, "draw player"], Float[Tensor, "draw"]]:
    """All of them where there are no more than `samples`, else so many at random."""
    if 2**players - 2 <= samples:
        return all_coalitions(players)
    return draw_coalitions(players, samples, torch.Generator().manual_seed(seed))


def all_coalitions(players: int) -> tuple[Bool[Tensor, "draw player"], Float[Tensor, "draw"]]:
    """Every coalition but none and all, with its weight."""
    present = torch.tensor(list(itertools.product((False, True), repeat=players)))[1:-1]
    sizes = present.sum(dim=1).tolist()
    weight = [(players - 1) / (math.comb(players, size) * size * (players - size)) for size in sizes]
    return present, torch.tensor(weight, dtype=torch.float64)


def draw_coalitions(players: int, samples: int, generator: torch.Generator) -> tuple[Bool[Tensor, "draw player"], Float[Tensor, "draw"]]:
    """Coalitions in proportion to their kernel, each followed by its complement; so each weighs the same."""
    sizes = torch.arange(1, players, dtype=torch.float64)
    chosen = torch.multinomial(1 / (sizes * (players - sizes)), (samples + 1) // 2, replacement=True, generator=generator) + 1
    rank = torch.rand(len(chosen), players, generator=generator).argsort(dim=1).argsort(dim=1)
    half = rank < chosen[:, None]
    present = torch.stack((half, ~half), dim=1).flatten(0, 1)[:samples]
    return present, torch.ones(len(present), dtype=torch.float64)


def fitted(
    present: Bool[Tensor, "draw player"], weight: Float[Tensor, "draw"], gains: Float[Tensor, "batch draw"], total: Float[Tensor, "batch"]
) -> Float[Tensor, "batch player"]:
    """Weighted least squares with the sum held: the last player's worth is what the others leave.

    With fewer coalitions than players the least-norm solution about equal shares is taken.
    """
    players = present.shape[1]
    if players == 1:
        return total[:, None]
    design = present.to(gains).double()
    equal = (total / players)[:, None]
    left = design[:, :-1] - design[:, -1:]
    right = gains - equal @ design.sum(dim=1)[None]
    root = weight.to(gains).sqrt()
    inverse = torch.linalg.pinv(left * root[:, None])
    others = (right * root) @ inverse.T
    return torch.cat((others, -others.sum(dim=1, keepdim=True)), dim=1) + equal
