"""What a network eats, found from its layers: how many channels, and which image sizes are worth trying."""

from __future__ import annotations

import math

from torch import nn

from optogram.images.preprocess import Preprocess

COMMON = (224, 32, 64, 28, 128, 96, 256, 299, 384, 512, 16, 8)
CONVOLUTIONS = (nn.Conv2d, nn.Conv1d, nn.ConvTranspose2d)


def first_channels(module: nn.Module, preprocess: Preprocess) -> int:
    """The number of channels of the images: the first convolution's, else what the first linear layer's width allows."""
    for inner in module.modules():
        if isinstance(inner, nn.Conv2d):
            return inner.in_channels
        if isinstance(inner, nn.Linear):
            return _linear_channels(inner.in_features, preprocess)
    return 3


def sample_sizes(module: nn.Module, preprocess: Preprocess, channels: int) -> list[tuple[int, int]]:
    """Sizes of the input frame to try, likeliest first; only one where the preprocessing fixes it."""
    if preprocess.output_size is not None:
        return [preprocess.output_size]
    first = next((inner for inner in module.modules() if isinstance(inner, (*CONVOLUTIONS, nn.Linear))), None)
    if isinstance(first, nn.Linear) and (side := _side(first.in_features, channels)):
        return [(side, side)]
    return [(side, side) for side in COMMON]


def _linear_channels(width: int, preprocess: Preprocess) -> int:
    size = preprocess.output_size
    for channels in (1, 3, 4, 2):
        if size is not None and channels * size[0] * size[1] == width:
            return channels
    return next((channels for channels in (1, 3) if _side(width, channels)), 3)


def _side(width: int, channels: int) -> int | None:
    side = math.isqrt(width // channels)
    return side if side > 1 and side * side * channels == width else None
