"""Convolutions of 3 x 3 taps with less than half of the multiplications, by Winograd's minimal filtering F(2 x 2, 3 x 3).

Two neighbouring results of three taps need four products, not six: of a tile of four values and of the taps, each transformed by sums and halves. In
both directions that is 16 for 36 (Winograd 1980, "Arithmetic complexity of computations"; Lavin & Gray 2016, "Fast algorithms for convolutional
neural networks"). Rounding is about that of a direct convolution: a sum is over the channels alone, not over channels times taps. What a value
cannot reach it does not reach, not even as rounding or as NaN, since with two places a tile the outer values of a tile enter one product of one
result each. The gradient at the input is a convolution of the same kind. In bfloat16 the direct one is as quick.

Only in private copies, in single precision, on processors with AVX2 or AVX-512 where llvmlite (the extra `fast`) is installed; anything else goes to
torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from optogram.network.fast.derived import Derived
from optogram.network.fast.machine import code, lanes, memory, registers, run, works
from optogram.network.operations import at_work

if TYPE_CHECKING:
    from optogram.network.fast._machine_code import Registers

WORTH_IT = 1 << 23
"""Multiplications of a direct convolution of one image, at least: with fewer, threads wait for one another longer than they multiply."""
REUSE = 1 << 13
"""Weights for each place of the result, in all rows, at most: with more, fetching them takes longest, and there are 16 for 9 of them."""
LEAST = 32
"""Channels and units, at least: with fewer, the transforms cost what the products save."""
CHUNK, DEEP = 56, 512
"""Tiles that a thread transforms at a time, twice as many where channels and units are more than 512 together and weights come from far."""
TAPS = ((1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.0, 0.0, 1.0))


class Winograd(nn.Conv2d):
    """A convolution of 3 x 3 taps, stride 1; its weights are transformed when they are first used, and again when they have changed."""

    def forward(self, input: Tensor) -> Tensor:
        """As torch's to rounding, and by torch where the input is small, of another type or elsewhere, or an operator looks on."""
        if not self._suits(input):
            return super().forward(input)
        if input.requires_grad and torch.is_grad_enabled():
            out: Tensor = _Winograd.apply(input, self)  # type: ignore[no-untyped-call]
            return out
        return self._convolved(input)

    def _suits(self, images: Tensor) -> bool:
        if images.ndim != 4 or images.shape[1] != self.in_channels or images.device.type != "cpu" or at_work():
            return False
        if images.dtype != torch.float32 or self.weight.dtype != torch.float32 or (self.weight.requires_grad and torch.is_grad_enabled()):
            return False
        beyond = 2 * int(self.padding[0]) - 2
        places = max(0, images.shape[2] + beyond) * max(0, images.shape[3] + beyond)
        if places * self.weight.numel() < max(1, WORTH_IT) or len(images) * places * REUSE < self.weight.numel():
            return False
        from optogram.network.fast._winograd_kernel import built

        return works(built)

    def _convolved(self, images: Tensor) -> Tensor:
        return convolved(images, self._panels(False), self.bias, self.out_channels, int(self.padding[0]))

    def _pulled(self, gradient: Tensor) -> Tensor:
        return convolved(gradient, self._panels(True), None, self.in_channels, 2 - int(self.padding[0]))

    def _panels(self, back: bool) -> Tensor:
        kept: Derived = self.__dict__.setdefault("_transformed", Derived())
        return kept.of(back, [self.weight], lambda: panels(self.weight.flip(2, 3).transpose(0, 1) if back else self.weight, registers().wide))


class _Winograd(torch.autograd.Function):
    rectifies = False
    """For the count of rectifiers (`rectifier_nodes.py`), which cannot look into Python."""

    @staticmethod
    def forward(context: Any, images: Tensor, convolution: Winograd) -> Tensor:
        context.convolution = convolution
        return convolution._convolved(images)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, *gradients: Any) -> tuple[Tensor, None]:
        convolution: Winograd = context.convolution
        return convolution._pulled(gradients[0]), None


def quicken(module: nn.Module) -> None:
    """Changes a private copy in place; its modules keep their parameters, hooks and names."""
    for inner in module.modules():
        if type(inner) is nn.Conv2d and inner.weight.dtype == torch.float32 and suitable(inner) and _whole(inner, lanes()):
            inner.__class__ = Winograd
            begin()


def begin() -> None:
    """Has the code made, beside whatever comes before it is needed."""
    from optogram.network.fast._winograd_kernel import built

    code(built, registers())


def suitable(convolution: nn.Conv2d) -> bool:
    """Whether it has 3 x 3 taps, moves by one place, and sees every channel of enough of them."""
    if min(convolution.in_channels, convolution.out_channels) < LEAST:
        return False
    plain = convolution.kernel_size == (3, 3) and convolution.stride == convolution.dilation == (1, 1) and convolution.groups == 1
    return plain and convolution.padding_mode == "zeros" and convolution.padding in ((0, 0), (1, 1), (2, 2))


def _whole(convolution: nn.Conv2d, wide: int) -> bool:
    """Whether channels and units fill registers."""
    return wide > 0 and convolution.in_channels % wide == convolution.out_channels % wide == 0


def panels(weight: Float[Tensor, "unit channel 3 3"], wide: int) -> Float[Tensor, "part panel channel wide"]:
    """Taps transformed, 16 parts, in the order in which they are read: `wide` units side by side, channel by channel, noughts beyond the last."""
    units, channels = weight.shape[:2]
    one = torch.tensor(TAPS)
    parts = torch.kron(one, one) @ weight.detach().reshape(units * channels, 9).T
    whole = F.pad(parts.view(len(parts), units, channels), (0, 0, 0, -units % wide))
    return whole.view(len(parts), -1, wide, channels).transpose(2, 3).contiguous()


def convolved(
    images: Float[Tensor, "row channel height width"],
    weights: Float[Tensor, "part panel channel wide"],
    bias: Float[Tensor, " unit"] | None,
    units: int,
    padding: int,
    kind: Registers | None = None,
) -> Float[Tensor, "row unit _ _"]:
    """The convolution with transformed weights, by torch's threads, in channels_last; `kind` of registers, by default this processor's."""
    from optogram.network.fast._winograd_kernel import STEP, built, scratch

    kind = kind or registers()
    images = images.detach().contiguous(memory_format=torch.channels_last)
    rows, channels, height, width = images.shape
    tall, long = height + 2 * padding - 2, width + 2 * padding - 2
    down, across = -(-tall // STEP), -(-long // STEP)
    result = torch.empty(rows, units, tall, long, memory_format=torch.channels_last)
    shift = torch.zeros(units) if bias is None else bias.detach().contiguous()
    tiles, threads = rows * down * across, torch.get_num_threads()
    chunk = _chunk(tiles, threads, channels + units, kind.rows)
    own = memory(threads * scratch(channels, units, chunk, kind.wide))
    addresses = (tensor.data_ptr() for tensor in (own, images, weights, shift, result))
    fields = (0, 0, *addresses, tiles, chunk, channels, units, height, width, padding, tall, long, down, across)
    run(built, kind, fields, threads)
    return result


def _chunk(tiles: int, threads: int, depth: int, rows: int) -> int:
    """Tiles that a thread takes at a time, in whole registers: about the same for each turn, and as many turns for each thread."""
    most = CHUNK if depth <= DEEP else 2 * CHUNK
    turns = -(-tiles // (most * threads)) * threads
    return -(-tiles // (turns * rows)) * rows
