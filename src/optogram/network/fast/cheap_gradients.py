"""What makes a gradient at the pixels dearer than it need be, put right in a private copy: the same function, the same gradient.

A first convolution has 3 channels to give gradients to, where processors multiply 8 or 16 at once; with a stride it is better done as a plain
convolution of the output's gradient, one group of channels a phase of the stride, whose results are then laid side by side. A depthwise one with a
stride has no quick gradient in bfloat16: as a plain one of the output's gradient with noughts between, it takes a tenth. Some
rectifiers that write in place have to keep a copy of what they overwrite, which is dearer than a second tensor. Large ReLUs are told by their
output (`masked.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from optogram.network.fast.fold import agree, responses
from optogram.network.fast.masked import RECTIFIERS

if TYPE_CHECKING:
    from optogram.network.network import Network

Pair = tuple[int, int]
NARROW, BLOCK = 4, 8
"""Channels that a first convolution has at most, and channels that a processor multiplies at once."""
COPYING = (nn.ReLU6, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.Mish)
"""Autograd clones what these overwrite; ReLU and its like are told by their output, and stay in place."""
SPARING: dict[type, type] = {
    kind: type(kind.__name__, (kind,), {"inplace": property(lambda self: not torch.is_grad_enabled(), lambda self, value: None)}) for kind in COPYING
}
"""Of the same name, in place only in passes without gradients."""


class Stem(nn.Conv2d):
    """A strided convolution from few channels, whose gradient at its input is a convolution of another kind."""

    def forward(self, input: Tensor) -> Tensor:
        """As torch's, with a gradient of its own where images on a processor want one."""
        if not _wants(input, torch.float32, torch.bfloat16):
            return super().forward(input)
        out: Tensor = _Strided.apply(input, self)  # type: ignore[no-untyped-call]
        return out


class Depthwise(nn.Conv2d):
    """A strided convolution of each channel by itself, whose gradient in bfloat16 is a convolution of another kind."""

    def forward(self, input: Tensor) -> Tensor:
        """As torch's, with a gradient of its own where bfloat16 images on a processor want one."""
        if not _wants(input, torch.bfloat16):
            return super().forward(input)
        out: Tensor = _Strided.apply(input, self)  # type: ignore[no-untyped-call]
        return out


def _wants(images: Tensor, *types: torch.dtype) -> bool:
    return images.requires_grad and torch.is_grad_enabled() and images.device.type == "cpu" and images.dtype in types


def cheapened(net: Network, reads: Collection[str] | None) -> None:
    """Changes a private copy in place, of which the sites `reads` will be read (all by default).

    Where something reads what a rectifier has overwritten, rectifiers go on overwriting it: told by noise, in two passes of one image.
    """
    module = net.layer("output")
    reads = [site.address for site in net.sites()] if reads is None else reads
    copying = [(inner, type(inner)) for inner in module.modules() if _copies(inner)]
    before = responses(net, reads) if copying else {}
    cheapen(module)
    if copying and not agree(responses(net, reads, gradients=True), before):
        for inner, kind in copying:
            inner.__class__ = kind


def _copies(module: nn.Module) -> bool:
    return type(module) in COPYING and bool(getattr(module, "inplace", False))


def cheapen(module: nn.Module) -> None:
    """Changes a private copy in place; its modules keep their parameters, hooks and names."""
    for inner in module.modules():
        if type(inner) in RECTIFIERS:
            inner.__class__ = RECTIFIERS[type(inner)]
        elif _copies(inner):
            inner.__class__ = SPARING[type(inner)]
        if type(inner) is nn.Conv2d and narrow(inner):
            inner.__class__ = Stem
        elif type(inner) is nn.Conv2d and depthwise(inner):
            inner.__class__ = Depthwise


def narrow(convolution: nn.Conv2d) -> bool:
    """Whether it is a plain strided convolution from at most 4 channels."""
    return convolution.groups == 1 and convolution.in_channels <= NARROW and _strides(convolution)


def depthwise(convolution: nn.Conv2d) -> bool:
    """Whether it is a plain strided convolution of each channel by itself, one output each."""
    return convolution.groups == convolution.in_channels == convolution.out_channels > 1 and _strides(convolution)


def _strides(convolution: nn.Conv2d) -> bool:
    plain = convolution.dilation == (1, 1) and convolution.padding_mode == "zeros" and not isinstance(convolution.padding, str)
    return plain and min(convolution.stride) > 1


class _Strided(torch.autograd.Function):
    rectifies = False
    """For the count of rectifiers (`rectifier_nodes.py`), which cannot look into Python."""

    @staticmethod
    def forward(context: Any, images: Tensor, convolution: nn.Conv2d) -> Tensor:
        context.convolution, context.size = convolution, images.shape[2:]
        return F.conv2d(images, convolution.weight, convolution.bias, convolution.stride, convolution.padding, 1, convolution.groups)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, *gradients: Any) -> tuple[Tensor, None]:
        convolution, (height, width) = context.convolution, context.size
        find = at_input if convolution.groups == 1 else at_channels
        return find(gradients[0], convolution.weight, convolution.stride, convolution.padding, height, width), None


def at_input(
    gradient: Float[Tensor, "row unit _ _"], weight: Float[Tensor, "unit channel _ _"], stride: Pair, padding: Pair, height: int, width: int
) -> Float[Tensor, "row channel height width"]:
    """The gradient at the input of a strided convolution.

    Pixel i is pixel i + padding = stride q + r of the padded input: phase r at place q. It has weight[stride j + r] of output q - j for
    every j, which is a plain convolution over q with the taps of phase r, turned.
    """
    channels, (down, across) = weight.shape[1], stride
    taps = phases(weight, down, across)
    parts = F.conv2d(gradient, taps, None, 1, (taps.shape[2] - 1, taps.shape[3] - 1)).permute(0, 2, 3, 1)
    rows, columns = parts.shape[1:3]
    laid = parts[..., : down * across * channels].reshape(len(parts), rows, columns, down, across, channels).transpose(2, 3)
    whole = laid.reshape(len(parts), rows * down, columns * across, channels)
    missing = [max(0, pad + side - own) for pad, side, own in zip(padding, (height, width), whole.shape[1:3], strict=True)]
    if max(missing):
        whole = F.pad(whole, (0, 0, 0, missing[1], 0, missing[0]))  # pixels behind the last step of the stride are not seen
    return whole[:, padding[0] : padding[0] + height, padding[1] : padding[1] + width].permute(0, 3, 1, 2)


def at_channels(
    gradient: Float[Tensor, "row channel _ _"], weight: Float[Tensor, "channel 1 _ _"], stride: Pair, padding: Pair, height: int, width: int
) -> Float[Tensor, "row channel height width"]:
    """The gradient at the input of a strided convolution of each channel by itself.

    Output q looked at pixels stride q - padding and on: its gradient, laid there among noughts, is convolved with the taps, turned.
    """
    rows, channels, *places = gradient.shape
    tall, wide = weight.shape[2:]
    among = gradient.new_zeros(rows, height + 2 * padding[0] - tall + 1, width + 2 * padding[1] - wide + 1, channels).permute(0, 3, 1, 2)
    among[:, :, : (places[0] - 1) * stride[0] + 1 : stride[0], : (places[1] - 1) * stride[1] + 1 : stride[1]] = gradient
    whole = F.conv2d(among, weight.flip(2, 3), None, 1, (tall - 1, wide - 1), 1, channels)
    return whole[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width]


def phases(weight: Float[Tensor, "unit channel _ _"], down: int, across: int) -> Float[Tensor, "part unit _ _"]:
    """The taps of each phase of the stride, turned, phases by row and column, then channels; noughts up to a multiple of 8."""
    units, channels, height, width = weight.shape
    tall, wide = -(-height // down), -(-width // across)
    whole = F.pad(weight, (0, wide * across - width, 0, tall * down - height)).view(units, channels, tall, down, wide, across)
    taps = whole.permute(3, 5, 1, 0, 2, 4).reshape(down * across * channels, units, tall, wide).flip(2, 3)
    more = -len(taps) % BLOCK
    return F.pad(taps, (0, 0, 0, 0, 0, 0, 0, more)).contiguous(memory_format=torch.channels_last)
