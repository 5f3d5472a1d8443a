"""A value and the number of its photograph in one integer, so that sorting needs no rule for ties.

The upper 32 bits order float32 values, the lower 32 prefer the lower number. Two photographs never have the same key, so
the k greatest keys are the same set whatever the order of arrival, the size of the batch or the way in which parts are merged.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

EMPTY = torch.iinfo(torch.int64).min
"""Less than any key of a photograph: an entry of a list that is not yet full."""

_LAST = 2**32 - 1
_MAGNITUDE = 0x7FFFFFFF


def pack(values: Float[Tensor, "*shape"], numbers: Int[Tensor, "*#shape"]) -> Int[Tensor, "*shape"]:
    """Keys of finite values and of numbers from 0 to 2**32 - 2; greater for greater values, then for lower numbers. -0 counts as 0."""
    bits = (values.float() + 0.0).view(torch.int32)
    ordered = torch.where(bits < 0, bits ^ _MAGNITUDE, bits).long()
    return ordered * (_LAST + 1) + (_LAST - numbers)


def unpack(keys: Int[Tensor, "*shape"]) -> tuple[Float[Tensor, "*shape"], Int[Tensor, "*shape"]]:
    """The values and numbers of keys; an empty entry gives NaN and -1."""
    ordered = (keys >> 32).int()
    values = torch.where(ordered < 0, ordered ^ _MAGNITUDE, ordered).view(torch.float32)
    numbers = _LAST - (keys & _LAST)
    empty = keys == EMPTY
    return values.masked_fill(empty, float("nan")), numbers.masked_fill(empty, -1)
