"""Attention relevance: attention weighted by the response's gradient, carried from layer to layer.

Chefer, Gur & Wolf 2021, "Generic attention-model explainability", for self-attention. One forward and one backward pass. Unlike
rollout it depends on the unit asked about.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._attention import attended
from optogram.attribution._question import Answer, Question


def attention_relevance(question: Question) -> Answer:
    """R = 1; at each layer R <- R + mean over heads of max(A dy/dA, 0) times R; the row of the token that is read.

    Of a unit of tokens the token that it was read at (all alike for its mean or sum, both of a contrast), otherwise the class token, otherwise
    the mean over patches. `NotDefinedError` on networks without attention, with attention within windows, or whose tokens are merged on the way.
    """
    return attended(question, relevant)


def relevant(attentions: list[Tensor], gradients: list[Tensor]) -> Float[Tensor, "row token other"]:
    """Relevance of each token to each token after the last layer, less what each is to itself from the start."""
    start = torch.eye(attentions[0].shape[-1], dtype=attentions[0].dtype, device=attentions[0].device)[None]
    mixed = start
    for attention, gradient in zip(attentions, gradients, strict=True):
        mixed = mixed + (attention * gradient).clamp(min=0).mean(1) @ mixed
    return mixed - start
