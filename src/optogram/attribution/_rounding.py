"""How far two passes of the same numbers may differ by rounding alone."""

from __future__ import annotations

import torch

DIGITS = 16
"""Epsilons, in single precision and finer."""


def rounding_of(dtype: torch.dtype) -> float:
    """As a share of the response. In types of 16 bits one epsilon, which is near 1 % already: more would hide what a part is worth."""
    finfo = torch.finfo(dtype)
    return (1 if finfo.bits < 32 else DIGITS) * finfo.eps
