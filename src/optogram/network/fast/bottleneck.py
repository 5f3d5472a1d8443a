"""Inverted bottlenecks in one go: a 1 x 1 convolution to many channels, 3 x 3 taps of each by itself, a 1 x 1 convolution to few, rectifiers between.

The many channels (Sandler et al. 2018, "MobileNetV2") are six times as much to write and to read as what goes in and comes out, twice each way, and
memory is slow: a strip of rows goes through all three at once, and its channels never leave the processor's cache. For the gradient a bit a number is
kept, which is whether the rectifier let it pass. The first convolution may be missing.

Only in private copies, in single precision, on processors with AVX2 or AVX-512 where llvmlite (the extra `fast`) is installed, while nobody looks at
what is between and no rule wants to see each operation; anything else goes to torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import has_torch_function_unary

from optogram.network.fast._bottleneck_call import Layers, passed, pulled
from optogram.network.fast.cheap_gradients import SPARING, Depthwise
from optogram.network.fast.derived import Derived
from optogram.network.fast.fold import Folded
from optogram.network.fast.machine import lanes, works
from optogram.network.fast.masked import RECTIFIERS, SIX
from optogram.network.wiring import unseen

WORTH_IT, ROWS = 1 << 20, 4
"""Multiplications of the 1 x 1 convolutions in all rows, and rows, at least: with fewer multiplications to begin takes longest, and a single
photograph is answered before the code for it would be made.
"""
CONVOLUTIONS = (nn.Conv2d, Depthwise)
BOUNDS: dict[type, float] = dict.fromkeys((nn.ReLU, RECTIFIERS[nn.ReLU]), math.nan)
BOUNDS |= dict.fromkeys((nn.ReLU6, RECTIFIERS[nn.ReLU6], SPARING[nn.ReLU6]), SIX)
"""Rectifiers, and what they let through at most, if there is such a bound."""


class Bottleneck(nn.Sequential):
    """Layers one after the other that are one inverted bottleneck; they keep their parameters, hooks and names."""

    def forward(self, input: Tensor) -> Tensor:
        """As its layers' to rounding, and by them where the input is small, of another type or elsewhere, or somebody looks at what is between."""
        layers = layers_of(self)
        if layers is None or not _suits(input, layers):
            return super().forward(input)  # type: ignore[no-any-return, no-untyped-call]
        kept: Derived = self.__dict__.setdefault("_laid_out", Derived())
        if input.requires_grad and torch.is_grad_enabled():
            out: Tensor = _Bottleneck.apply(input, layers, kept)  # type: ignore[no-untyped-call]
            return out
        return passed(input, layers, kept)[0]


def quicken(module: nn.Module) -> None:
    """Changes a private copy in place; its modules keep their parameters, hooks and names."""
    for inner in module.modules():
        layers = layers_of(inner) if type(inner) is nn.Sequential else None
        if layers is not None and layers.frozen():
            inner.__class__ = Bottleneck


def layers_of(sequence: nn.Sequential) -> Layers | None:
    """The layers of an inverted bottleneck, if the modules are one for which there is code: the many channels fill whole registers."""
    inner = tuple(_within(sequence))
    if any(own._modules and type(own).forward is not nn.Sequential.forward for own in inner):
        return None
    found: list[Any] = [own for own in inner if not own._modules and not _passes(own)]
    if len(found) not in (3, 5):
        return None
    *before, taps, rectifier, last = found
    first, other = before or (None, rectifier)
    bounds = [BOUNDS.get(type(own)) for own in (other, rectifier)]
    if None in bounds or bounds[0] is not bounds[1] or type(taps) not in CONVOLUTIONS or not _taps(taps):
        return None
    if not _mixes(last) or taps.out_channels != last.in_channels:
        return None
    if first is not None and not (_mixes(first) and first.out_channels == taps.in_channels):
        return None
    whole = lanes() and taps.out_channels % lanes() == 0
    return Layers(first, taps, last, BOUNDS[type(rectifier)], inner) if whole else None


def _within(module: nn.Module) -> Iterator[nn.Module]:
    """Every module as often as it runs."""
    for child in module._modules.values():
        if child is not None:
            yield child
            yield from _within(child)


def _passes(module: nn.Module) -> bool:
    return type(module) in (nn.Identity, Folded) or (type(module) in (nn.Dropout, nn.Dropout2d) and not module.training)


def _mixes(convolution: Any) -> bool:
    plain = type(convolution) is nn.Conv2d and convolution.kernel_size == convolution.stride == (1, 1) and convolution.groups == 1
    return plain and not isinstance(convolution.padding, str) and convolution.padding == (0, 0)


def _taps(convolution: Any) -> bool:
    each = convolution.groups == convolution.in_channels == convolution.out_channels
    plain = convolution.kernel_size == (3, 3) and convolution.dilation == (1, 1) and convolution.stride in ((1, 1), (2, 2))
    return each and plain and convolution.padding == (1, 1) and convolution.padding_mode == "zeros"


def _suits(images: Tensor, layers: Layers) -> bool:
    if not isinstance(images, Tensor) or images.ndim != 4 or images.device.type != "cpu" or images.dtype != torch.float32:
        return False
    if images.shape[1] != layers.channels or has_torch_function_unary(images) or not layers.frozen() or not unseen(layers.inner):
        return False
    places = images.shape[0] * images.shape[2] * images.shape[3]
    mixed = sum(layer.weight.numel() for layer in (layers.first, layers.last) if layer is not None)
    if len(images) < ROWS or places * mixed < max(1, WORTH_IT):
        return False
    return all(works(layers.kind(back)) for back in (False, True))


class _Bottleneck(torch.autograd.Function):
    rectifies = True
    """For the count of rectifiers (`rectifier_nodes.py`), which cannot look into Python."""

    @staticmethod
    def forward(context: Any, images: Tensor, layers: Layers, kept: Derived) -> Tensor:
        context.layers, context.kept, context.size = layers, kept, images.shape[2:]
        result, *bits = passed(images, layers, kept, noted=True)
        context.save_for_backward(*bits)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, *gradients: Any) -> tuple[Tensor, None, None]:
        return pulled(gradients[0], context.saved_tensors, context.layers, context.kept, context.size), None, None
