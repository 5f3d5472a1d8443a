"""Pictures that are opaque in part: on a background, and what opacity costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.resample import GRAY

GRAINS = (1, 3, 8, 24)
"""Random backgrounds have so many fields along a side: one colour, blots, patterns, noise."""


def composite(
    picture: Float[Tensor, "row layer height width"], background: Float[Tensor, "channel height width"] | float = GRAY
) -> Float[Tensor, "row channel height width"]:
    """alpha colour + (1 - alpha) background; the last layer is alpha."""
    colour, alpha = picture[:, :-1], picture[:, -1:]
    return alpha * colour + (1 - alpha) * background


def background(seed: Sequence[int], channels: int, height: int, width: int) -> Float[Tensor, "channel height width"]:
    """Random colours between black and white, of one of four grains, the same for every picture of a step."""
    random = np.random.default_rng(seed)
    grain = random.choice(GRAINS)
    fields = torch.from_numpy(random.random((1, channels, min(grain, height), min(grain, width)), dtype=np.float32))
    spread: Tensor = F.interpolate(fields, (height, width), mode="bilinear")[0]
    return spread


def charged(slope: Float[Tensor, "row layer height width"], price: float) -> Float[Tensor, "row layer height width"]:
    """The objective's slope, less what a pixel's opacity costs: `price` times the mean slope along opacity, where opacity helps at all."""
    alpha = slope[:, -1:]
    cost = price * alpha.mean((2, 3), keepdim=True).clamp_min(0)
    return torch.cat([slope[:, :-1], alpha - cost], 1)
