"""What photographs are made of: how much of each frequency there is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.synthesis.canvases._colour import decorrelated

MOST_PHOTOGRAPHS = 128


def sampled(photos: Photos, network: Network) -> tuple[UInt8[Tensor, "batch channel height width"], ...]:
    """The first 128 photographs in the input frame, those of one size together."""
    chosen = range(min(len(photos), MOST_PHOTOGRAPHS))
    return tuple(batch.images for batch in photos.batches(network.preprocess, network.channels, indices=chosen))


def mean_magnitude(samples: Sequence[UInt8[Tensor, "batch channel _ _"]], height: int, width: int) -> Float[Tensor, "channel height half"]:
    """The mean over photographs of each coefficient's absolute value, orthonormal.

    A larger photograph is cut to its middle, so that the canvas has the grain of what the network sees; a smaller one enlarged.
    """
    total, count = torch.zeros(()), 0
    for batch in samples:
        for part in batch.split(16):
            images = part.float() / 255
            rows, columns = images.shape[2:]
            if rows < height or columns < width:
                factor = max(height / rows, width / columns)
                sides = (max(height, round(rows * factor)), max(width, round(columns * factor)))
                images = F.interpolate(images, sides, mode="bilinear", antialias=True)
                rows, columns = sides
            top, left = (rows - height) // 2, (columns - width) // 2
            cut = images[:, :, top : top + height, left : left + width]
            total = total + torch.fft.rfft2(decorrelated(cut), norm="ortho").abs().sum(0)
            count += len(part)
    mean: Tensor = total / max(1, count)
    return mean
