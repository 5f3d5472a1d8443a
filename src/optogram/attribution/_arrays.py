"""Tensors as the arrays that results hold."""

from __future__ import annotations

import numpy as np
from torch import Tensor


def as_array(tensor: Tensor) -> np.ndarray:
    """On the processor, in single precision, row after row in memory."""
    return np.ascontiguousarray(tensor.detach().float().cpu().numpy())
