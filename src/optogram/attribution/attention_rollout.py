"""Attention rollout: how much of each patch reaches the token that is read, if attention were all that mixes tokens.

Abnar & Zuidema 2020, "Quantifying attention flow". One forward pass (and a backward pass to see whether the patches matter at
all). It does not ask which unit responds: every class gets the same map, as what tokens say is left out.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._attention import attended
from optogram.attribution._question import Answer, Question
from optogram.errors import SettingError

HEADS = ("mean", "max", "min")


def attention_rollout(question: Question, *, heads: Literal["mean", "max", "min"] = "mean") -> Answer:
    """The product over layers of (A + 1) / 2, A the attention averaged over heads (or their greatest, or least), rows summing to 1.

    Of a unit of tokens the token that it was read at (all alike for its mean or sum, both of a contrast), otherwise the class token, otherwise
    the mean over patches. `NotDefinedError` on networks without attention, with attention within windows, or whose tokens are merged on the way.
    """
    if heads not in HEADS:
        raise SettingError(f'heads is one of {", ".join(HEADS)}; got "{heads}"')
    note = "the same for every unit read at this token: how attention mixes patches, not what they say"
    return attended(question, lambda attentions, gradients: rolled(attentions, heads), (note,))


def rolled(attentions: list[Tensor], heads: str) -> Float[Tensor, "row token other"]:
    """Layer by layer, half of each token kept as it is: the skip connection."""
    mixed = torch.eye(attentions[0].shape[-1], dtype=attentions[0].dtype, device=attentions[0].device)[None]
    for attention in attentions:
        one = attention.mean(1) if heads == "mean" else attention.amax(1) if heads == "max" else attention.amin(1)
        one = one + torch.eye(one.shape[-1], dtype=one.dtype, device=one.device)
        mixed = one / one.sum(dim=-1, keepdim=True) @ mixed
    return mixed
