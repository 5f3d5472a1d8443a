"""Feature ablation: how much the response falls when one part of the photograph is taken away.

Occlusion by superpixels instead of windows. One forward pass a part, no gradient, so it is defined for any network.
"""

from __future__ import annotations

import torch

from optogram.attribution._baseline import Baseline
from optogram.attribution._coalitions import game_of
from optogram.attribution._question import Answer, Question
from optogram.attribution._superpixels import Segments


def feature_ablation(question: Question, *, segments: Segments = "superpixels", cells: int = 8, baseline: Baseline = "black") -> Answer:
    """f(x) - f(x with the part replaced by the baseline), at every pixel of the part.

    `segments`: superpixels (default), a grid, or an array that numbers each pixel's part; `cells` of them along the shorter side. Every
    channel repeats the same map.
    """
    game = game_of(question, segments, cells, baseline)
    answers = game.play(game.drawn(lambda parts: ~torch.eye(parts, dtype=torch.bool)))
    falls = [whole - one for whole, one in zip(game.responses.double(), answers, strict=True)]
    return Answer(game.spread(game.differences(falls)), game.responses, game.question.places or (), per_channel=False)
