"""A call of the machine code of inverted bottlenecks: weights as it reads them, rows shared out among threads, where things lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from optogram.network.fast.derived import Derived
from optogram.network.fast.machine import as_field, memory, registers, run

if TYPE_CHECKING:
    from optogram.network.fast._bottleneck_kernel import Kind
    from optogram.network.fast._machine_code import Registers

TURNS, LEAST, MOST = 4, 7, 1 << 21
"""Strips for each thread, where there are not as many images, of at least so many rows; and floats that lie before the last convolution, at most."""
Bits = UInt8[Tensor, "row _ _ _"]


@dataclass(frozen=True, slots=True)
class Layers:
    """What a bottleneck consists of: `inner` is every module within it; `most` the rectifiers' bound."""

    first: nn.Conv2d | None
    taps: nn.Conv2d
    last: nn.Conv2d
    most: float
    inner: tuple[nn.Module, ...]

    @property
    def stride(self) -> int:
        """Of the taps."""
        return int(self.taps.stride[0])

    @property
    def channels(self) -> int:
        """That go in."""
        return (self.first or self.taps).in_channels

    def kind(self, back: bool) -> Kind:
        """Of the code that runs it."""
        from optogram.network.fast._bottleneck_kernel import Kind

        return Kind(back, self.stride, self.first is None)

    def tensors(self) -> list[Tensor | None]:
        """Weights and biases."""
        return [tensor for layer in (self.first, self.taps, self.last) if layer is not None for tensor in (layer.weight, layer.bias)]

    def frozen(self) -> bool:
        """Whether all are in single precision on a processor, and no gradient is wanted of them."""
        tensors = [tensor for tensor in self.tensors() if tensor is not None]
        wanted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
        return not wanted and all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in tensors)


def passed(
    images: Float[Tensor, "row channel height width"], layers: Layers, kept: Derived, noted: bool = False, kind: Registers | None = None
) -> tuple[Float[Tensor, "row unit _ _"], Bits, Bits]:
    """What comes out, in channels_last, and which numbers passed the rectifiers, if that is to be `noted`: before and after the taps."""
    kind = kind or registers()
    weights = kept.of(("on", kind.wide), layers.tensors(), lambda: _laid_out(layers, kind.wide))
    count, _, *before = images.shape
    rows, columns = ((side - 1) // layers.stride + 1 for side in before)
    each = layers.taps.out_channels // 8 if noted else 0
    inner = torch.empty(count, *before, each if layers.first is not None else 0, dtype=torch.uint8)
    outer = torch.empty(count, rows, columns, each, dtype=torch.uint8)
    result = torch.empty(count, layers.last.out_channels, rows, columns, memory_format=torch.channels_last)
    _run(layers.kind(back=False), images, weights, inner, outer, result, layers.most, kind)
    return result, inner, outer


def pulled(
    gradient: Float[Tensor, "row unit _ _"], bits: tuple[Bits, Bits], layers: Layers, kept: Derived, size: torch.Size, kind: Registers | None = None
) -> Float[Tensor, "row channel height width"]:
    """The gradient at the images, whose height and width are `size`, from the one at the result."""
    kind = kind or registers()
    weights = kept.of(("back", kind.wide), layers.tensors(), lambda: _laid_back(layers, kind.wide))
    result = torch.empty(len(gradient), layers.channels, *size, memory_format=torch.channels_last)
    inner, outer = bits
    _run(layers.kind(back=True), gradient, weights, outer, inner, result, layers.most, kind)
    return result


@dataclass(frozen=True, slots=True)
class _Weights:
    """In the order in which they are read: of both products in panels of units side by side, of the taps one after the other."""

    first: Tensor
    first_shift: Tensor
    taps: Tensor
    taps_shift: Tensor
    last: Tensor
    last_shift: Tensor


def _laid_out(layers: Layers, wide: int) -> _Weights:
    hidden = layers.taps.out_channels
    first = torch.empty(0), torch.empty(0)
    if layers.first is not None:
        first = _panels(layers.first.weight.flatten(1), wide), _shift(layers.first.bias, hidden, wide)
    taps = layers.taps.weight.detach().reshape(hidden, -1).T.contiguous()
    last = _panels(layers.last.weight.flatten(1), wide), _shift(layers.last.bias, layers.last.out_channels, wide)
    return _Weights(*first, taps, _shift(layers.taps.bias, hidden, wide), *last)


def _laid_back(layers: Layers, wide: int) -> _Weights:
    """Of the gradient: the last product comes first, transposed; taps at stride 1 are turned."""
    hidden, weight = layers.taps.out_channels, layers.taps.weight.detach()
    last = torch.empty(0), torch.empty(0)
    if layers.first is not None:
        last = _panels(layers.first.weight.flatten(1).T, wide), _shift(None, layers.channels, wide)
    taps = (weight.flip(2, 3) if layers.stride == 1 else weight).reshape(hidden, -1).T.contiguous()
    return _Weights(_panels(layers.last.weight.flatten(1).T, wide), _shift(None, hidden, wide), taps, _shift(None, hidden, wide), *last)


def _panels(weight: Float[Tensor, "unit channel"], wide: int) -> Float[Tensor, "panel channel wide"]:
    units, channels = weight.shape
    return F.pad(weight.detach(), (0, 0, 0, -units % wide)).reshape(-1, wide, channels).transpose(1, 2).contiguous()


def _shift(bias: Tensor | None, units: int, wide: int) -> Float[Tensor, " unit"]:
    return F.pad(torch.zeros(units) if bias is None else bias.detach(), (0, -units % wide)).contiguous()


def _run(made: Kind, images: Tensor, weights: _Weights, inner: Bits, outer: Bits, result: Tensor, most: float, kind: Registers) -> None:
    """Fills `result`. `inner` and `outer`: the bits of rectifiers before and after the taps, in the direction in which it goes."""
    from optogram.network.fast._bottleneck_kernel import APART, FIELDS, SPARE

    images = images.detach().contiguous(memory_format=torch.channels_last)
    count, channels, height, width = images.shape
    _, units, rows, columns = result.shape
    hidden, threads = weights.taps.shape[1], torch.get_num_threads()
    strip = _strip(count, rows, columns * (hidden + APART), threads, made.skip)
    tall = strip * made.step + 2 if made.skip == 1 else strip // made.skip + 2  # rows that the taps of a strip see
    places = _places(tall * width + kind.rows, width, kind.wide)
    cells = (tall + kind.rows // width + 2) * (width + 2) * kind.wide
    own = SPARE + kind.rows * kind.wide + cells + strip * columns * (hidden + APART)
    strips = -(-rows // strip)
    tensors = {"images": images, "result": result, "places": places, "scratch": memory(threads * own), "inner": inner, "outer": outer}
    tensors |= {name: getattr(weights, name) for name in _Weights.__slots__}
    sizes = {"tasks": count * strips, "strips": strips, "strip": strip, "height": height, "width": width, "rows": rows, "columns": columns}
    sizes |= {"channels": channels, "hidden": hidden, "units": units, "cells": cells, "own": own, "lowest": as_field(0.0), "highest": as_field(most)}
    values = sizes | {name: tensor.data_ptr() if tensor.numel() else 0 for name, tensor in tensors.items()}
    run(made, kind, [values.get(name, 0) for name in FIELDS], threads)


def _strip(count: int, rows: int, floats: int, threads: int, step: int) -> int:
    """Rows of the result that a thread takes at a time: whole images where there are many, in steps of the stride."""
    parts = min(-(-TURNS * threads // count), max(1, rows // LEAST))
    most = max(step, min(-(-rows // parts), MOST // floats))
    return -(-most // step) * step


@lru_cache(64)
def _places(count: int, width: int, wide: int) -> Int[Tensor, " place"]:
    """Where places of rows `width` long lie among rows with an edge of one on either side, `wide` floats a place."""
    place = torch.arange(count)
    return (place // width * (width + 2) + place % width + 1) * wide
