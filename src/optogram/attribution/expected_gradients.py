"""Expected gradients: integrated gradients averaged over many baselines, a step of each path at a time.

Erion, Janizek, Sturmfels, Lundberg & Lee 2021, "Improving performance of deep learning models with axiomatic attribution priors and expected
gradients" (also GradientSHAP). `samples` forward and backward passes a photograph, as many forward passes for the baselines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._question import Answer, Question
from optogram.errors import InputError, NotDefinedError, SettingError


def expected_gradients(question: Question, *, backgrounds: Any = "noise", samples: int = 64) -> Answer:
    """Mean over draws of (x - b) times the gradient at b + a (x - b); sums to f(x) - mean f(b) on average, `delta` says how far off.

    `backgrounds`: photographs [background, channel, height, width] of this size, drawn with the seed, or `"noise"`, uniform in 0..1. Shares a
    of the way are drawn one from each of `samples` equal steps (stratified), which lowers the variance. The draws are the same for every photograph.
    """
    if samples < 1:
        raise SettingError(f"samples is at least 1; got {samples}")
    if question.source is not None:
        raise NotDefinedError(f"expected_gradients draws photographs as baselines; for units of {question.source.address} use integrated_gradients")
    origin = question.origin()
    pool = _pool(origin, backgrounds)
    fixed, responses = question.settled()
    generator = torch.Generator().manual_seed(question.seed)
    shares = (torch.randperm(samples, generator=generator) + torch.rand(samples, generator=generator)) / samples
    total, base = torch.zeros_like(origin), torch.zeros_like(responses)
    with fixed.tracked(2 * samples * len(origin)) as watched:
        for share in shares.tolist():
            drawn = pool[int(torch.randint(len(pool), (1,), generator=generator))] if pool is not None else _noise(origin, generator)
            away = origin - drawn
            total += away * watched.gradients(drawn + share * away).values / samples
            base += watched.responses(drawn.expand_as(origin)) / samples
    delta = total.flatten(1).sum(dim=1) - (responses - base)
    return Answer(total, responses, fixed.places or (), delta=delta, base=base, estimated=True)


def _noise(origin: Tensor, generator: torch.Generator) -> Float[Tensor, "channel height width"]:
    return torch.rand(origin.shape[1:], generator=generator).to(origin)


def _pool(origin: Tensor, backgrounds: Any) -> Float[Tensor, "background channel height width"] | None:
    if isinstance(backgrounds, str):
        if backgrounds != "noise":
            raise SettingError(f'backgrounds are photographs or "noise"; got "{backgrounds}"')
        return None
    given = torch.as_tensor(np.asarray(backgrounds.detach().cpu() if isinstance(backgrounds, Tensor) else backgrounds)).to(origin)
    if given.ndim != 4 or len(given) == 0 or given.shape[1:] != origin.shape[1:]:
        raise InputError(f"backgrounds are photographs [background, {', '.join(map(str, origin.shape[1:]))}]; got shape {tuple(given.shape)}")
    return given
