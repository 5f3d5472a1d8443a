"""Sobol: the share of the response's variance, when parts of the photograph fade at random, that is owed to each part.

Fel, Cadene, Chalvidal, Cord, Vigouroux & Serre 2021, "Look at the variance!". `samples` x (parts + 2) forward passes.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution._baseline import Baseline
from optogram.attribution._coalitions import game_of
from optogram.attribution._question import Answer, Question
from optogram.attribution._superpixels import Segments
from optogram.errors import SettingError, unknown

ORDERS = ("total", "first")
MOST_PARTS = torch.quasirandom.SobolEngine.MAXDIM // 2


def sobol(
    question: Question,
    *,
    segments: Segments = "grid",
    cells: int = 8,
    samples: int = 32,
    order: str = "total",
    baseline: Baseline = "black",
) -> Answer:
    """Total (or first-order) Sobol indices of the parts, at every pixel of the part; the paper's grid has 11 `cells`.

    Each part is mixed with the baseline, 0 the baseline alone and 1 the photograph, by shares A and B drawn from a scrambled Sobol sequence;
    C_i is A with part i's shares from B. Jansen's estimators: total_i = mean (f(A) - f(C_i))^2 / 2V, first_i = 1 - mean (f(B) - f(C_i))^2 / 2V,
    V the variance over A and B together. Total counts what a part does together with others: a part without effect has exactly 0 there.
    An index has no sign: it says that the part matters, not which way. Powers of two suit `samples` best.
    """
    if samples < 2:
        raise SettingError(f"samples is at least 2; got {samples}")
    if order not in ORDERS:
        raise SettingError(unknown("order", order, ORDERS))
    game = game_of(question, segments, cells, baseline)
    if max(game.counts) > MOST_PARTS:
        raise SettingError(f"sobol takes at most {MOST_PARTS} parts; got {max(game.counts)}. Ask for fewer cells, or use feature_ablation")
    drawn = game.drawn(lambda parts: [one.to(question.images.device) for one in designs(parts, samples, question.seed)])
    played = [torch.nn.functional.pad(game.seen(photo), (2, 0), value=True).nonzero()[:, 0] for photo in range(len(drawn))]

    def shares(photo: int, row: Int[Tensor, "row"]) -> Float[Tensor, "row part"]:
        return crossed(drawn[photo][0], drawn[photo][1], played[photo][row // samples] * samples + row % samples)

    answers = game.play_drawn([samples * len(one) for one in played], shares)
    blocks = [_placed(one.view(-1, samples), some, count) for one, some, count in zip(answers, played, game.counts, strict=True)]
    swings = game.differences([one[:2] - one[:1, :1] for one in blocks])
    steps = game.differences([one[2:] - one[0 if order == "total" else 1] for one in blocks])
    return Answer(
        game.spread([jansen(*both, order) for both in zip(swings, steps, strict=True)]),
        game.responses,
        game.question.places or (),
        estimated=True,
        signed=order == "first",
        per_channel=False,
    )


def _placed(answers: Float[Tensor, "block draw"], played: Int[Tensor, "block"], parts: int) -> Float[Tensor, "block2 draw"]:
    """The answers to A, B and every C_i; a part that the network is not given any of leaves those to A as they are."""
    found = answers[:1].repeat(parts + 2, 1)
    found[played.to(answers.device)] = answers
    return found


def designs(parts: int, samples: int, seed: int) -> tuple[Float[Tensor, "draw part"], Float[Tensor, "draw part"]]:
    """Two independent draws of every part's share, evenly spread in 0..1."""
    engine = torch.quasirandom.SobolEngine(2 * parts, scramble=True, seed=seed)
    one, other = engine.draw(samples).split(parts, dim=1)
    return one, other


def crossed(one: Float[Tensor, "draw part"], other: Float[Tensor, "draw part"], number: Int[Tensor, "row"]) -> Float[Tensor, "row part"]:
    """Rows of all designs under each other: A, B, then for each part A with that part from B."""
    block, row = number // len(one), number % len(one)
    shares = torch.where((block == 1)[:, None], other[row], one[row])
    mixed = torch.nonzero(block > 1)[:, 0]
    shares[mixed, block[mixed] - 2] = other[row[mixed], block[mixed] - 2]
    return shares


def jansen(swings: Float[Tensor, "2 draw"], steps: Float[Tensor, "part draw"], order: str = "total") -> Float[Tensor, "part"]:
    """The indices from the responses to A and B (less any constant) and from what each C_i differs by: from A for total, from B for first."""
    variance = swings.flatten().var()
    if variance == 0:
        return torch.zeros_like(steps[:, 0])
    share: Tensor = steps.square().mean(dim=1) / 2 / variance
    return share if order == "total" else 1 - share
