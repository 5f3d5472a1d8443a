"""What a network eats, found from its layers: how many channels, and which image sizes are worth trying."""

from __future__ import annotations

import math

from torch import Tensor, nn

from optogram.errors import InputError
from optogram.images.preprocess import Preprocess
from optogram.network._blame import blamed, theirs

COMMON = (224, 32, 64, 28, 128, 96, 256, 299, 384, 512, 16, 8)
CONVOLUTIONS = (nn.Conv2d, nn.Conv1d, nn.ConvTranspose2d)
CODE = (ArithmeticError, AttributeError, ImportError, LookupError, NameError, OSError, TypeError)
"""What a mistake in a forward raises, and a size that it cannot take does not."""


def first_channels(module: nn.Module, preprocess: Preprocess) -> int:
    """The number of channels of the images: the first convolution's, else what the first linear layer's width allows."""
    for inner in module.modules():
        if isinstance(inner, nn.Conv2d):
            return inner.in_channels
        if isinstance(inner, nn.Linear):
            return _linear_channels(inner.in_features, preprocess)
    return 3


def wrong_channels(name: str, channels: int, images: Tensor) -> str:
    """What to type where images [batch, channel, height, width] have another number of channels than the network."""
    told = f"{name} takes images with {channels} channel{'s' if channels > 1 else ''}; got {images.shape[1]} (shape {tuple(images.shape)})"
    if images.shape[-1] in (1, 3) and images.shape[1] not in (1, 3):
        return f"{told}: channels come before rows, as in images.permute(0, 3, 1, 2)"
    if channels == 1 and images.shape[1] == 3:
        return f"{told}: images.mean(1, keepdim=True) makes them gray"
    if channels == 3 and images.shape[1] in (1, 4):
        return f"{told}: {'images.expand(-1, 3, -1, -1) repeats gray' if images.shape[1] == 1 else 'images[:, :3] leaves the fourth out'}"
    return told


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


class Failures:
    """What a network raised at each size that was tried, and whose fault that looks like."""

    def __init__(self, name: str, channels: int) -> None:
        self.name, self.channels = name, channels
        self.seen: list[tuple[tuple[int, int], Exception]] = []

    def note(self, size: tuple[int, int], error: Exception, flattened: bool) -> None:
        """One more; the images as vectors are a second try, whose errors say nothing that the first do not."""
        if not flattened:
            self.seen.append((size, error))

    def told(self) -> InputError:
        """An error in the code, which is the same at every size, is told with its line; else the size is asked for."""
        (height, width), error = self.seen[0]
        tried = f"{self.name} did not run on {self.channels}-channel images"
        alike = len({(type(other), str(other)) for _, other in self.seen}) == 1
        if alike and (isinstance(error, CODE) or len(self.seen) > 1):
            found = InputError(f"{tried}: its forward raised {blamed(error, theirs)}")
        else:
            instead = "give its input size with og.Network(module, preprocess=og.Preprocess(size=...))"
            found = InputError(f"{tried} of any size tried ({height}x{width}: {blamed(error, theirs)}); {instead}")
        found.__cause__ = error
        return found
