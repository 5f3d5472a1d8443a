"""One weighted layer as a method sees it: y = W x + b, and W's transpose, for any weights of the same shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.errors import NotDefinedError

CONVOLUTIONS = {torch.conv1d: 1, torch.conv2d: 2, torch.conv3d: 3, F.conv1d: 1, F.conv2d: 2, F.conv3d: 3}
TRANSPOSED = {torch.conv_transpose1d: 1, torch.conv_transpose2d: 2, torch.conv_transpose3d: 3}
NAMES: dict[str, tuple[str, ...]] = {
    "convolution": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "transposed": ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
    "dense": ("input", "weight", "bias"),
}


@dataclass(frozen=True, slots=True)
class Affine:
    """The map x -> W x + b of one call; "scale" is one factor a channel, as of a normalisation with fixed statistics.

    `geometry` are a convolution's stride, padding, dilation, output padding and groups; of a scale the input's number of axes.
    """

    kind: Literal["convolution", "transposed", "dense", "scale"]
    weight: Float[Tensor, "..."]
    bias: Float[Tensor, "unit"] | None
    geometry: tuple[Any, ...] = ()

    def forward(self, x: Float[Tensor, "..."], weight: Float[Tensor, "..."] | None = None) -> Float[Tensor, "..."]:
        """W x without bias, or `weight` x."""
        weight = self.weight if weight is None else weight
        if self.kind == "dense":
            return F.linear(x, weight)
        if self.kind == "scale":
            return x * self.on_units(weight)
        stride, padding, dilation, output_padding, groups = self.geometry
        given = (x, weight, None, stride, padding, dilation, self.kind == "transposed", output_padding, groups)
        return torch.ops.aten.convolution(*given)  # type: ignore[no-any-return]

    def backward(self, s: Float[Tensor, "..."], x: Float[Tensor, "..."], weight: Float[Tensor, "..."] | None = None) -> Float[Tensor, "..."]:
        """The transpose of W (or of `weight`) times s, in the shape of x."""
        weight = self.weight if weight is None else weight
        if self.kind == "dense":
            return s @ weight
        if self.kind == "scale":
            return s * self.on_units(weight)
        stride, padding, dilation, output_padding, groups = self.geometry
        given = (s, x, weight, None, stride, padding, dilation, self.kind == "transposed", output_padding, groups, [True, False, False])
        return torch.ops.aten.convolution_backward(*given)[0]  # type: ignore[no-any-return]

    def on_units(self, numbers: Float[Tensor, "unit"]) -> Float[Tensor, "..."]:
        """One number a unit, shaped to be added to the output."""
        if self.kind == "dense":
            return numbers
        return numbers.reshape(-1, *[1] * ((self.geometry[0] if self.kind == "scale" else self.weight.ndim) - 2))

    def added(self, y: Float[Tensor, "..."], bias: Float[Tensor, "unit"] | None) -> Float[Tensor, "..."]:
        """y plus a bias where there is one."""
        return y if bias is None else y + self.on_units(bias)

    def then(self, scale: Float[Tensor, "unit"], shift: Float[Tensor, "unit"]) -> Affine:
        """The same layer with a scale and a shift a unit behind it folded in: a normalisation with fixed statistics."""
        axis = 1 if self.kind == "transposed" else 0
        weight = self.weight * scale.reshape([-1 if number == axis else 1 for number in range(self.weight.ndim)])
        return replace(self, weight=weight, bias=shift if self.bias is None else self.bias * scale + shift)

    @property
    def foldable(self) -> bool:
        """Whether `then` knows this layer's unit axis."""
        return self.kind != "scale" and (self.kind != "transposed" or self.geometry[-1] == 1)


def affine_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Affine] | None:
    """The input and the map of a call that is a convolution or a dense layer; `None` of any other."""
    kind = "convolution" if function in CONVOLUTIONS else "transposed" if function in TRANSPOSED else "dense" if function is F.linear else None
    if kind is None:
        return None
    given = {**dict(zip(NAMES[kind], args, strict=False)), **kwargs}
    x, weight, bias = given["input"], given["weight"], given.get("bias")
    if weight.requires_grad:
        raise NotDefinedError("weights that are computed from the photograph have no rule. Use integrated_gradients.")
    if kind == "dense":
        return x, Affine("dense", weight, bias)
    spatial = CONVOLUTIONS.get(function) or TRANSPOSED[function]
    stride, dilation = _each(given.get("stride", 1), spatial), _each(given.get("dilation", 1), spatial)
    padding = _padding(given.get("padding", 0), weight.shape[2:], dilation)
    geometry = (stride, padding, dilation, _each(given.get("output_padding", 0), spatial), given.get("groups", 1))
    return x, Affine("convolution" if kind == "convolution" else "transposed", weight, bias, geometry)


def normalisation_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor] | None:
    """Input, scale and shift a channel of a call that is a batch norm with fixed statistics; `None` of any other."""
    if function is not F.batch_norm:
        return None
    names = ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    mean, variance = given["running_mean"], given["running_var"]
    if given.get("training") or mean is None or variance is None:
        return None
    weight, bias = given.get("weight"), given.get("bias")
    scale = torch.rsqrt(variance + given.get("eps", 1e-5))
    scale = scale if weight is None else scale * weight
    shift = -mean * scale
    return given["input"], scale, shift if bias is None else shift + bias


def _each(value: Any, count: int) -> list[int]:
    return [value] * count if isinstance(value, int) else list(value) if len(value) == count else [value[0]] * count


def _padding(value: Any, kernel: Any, dilation: list[int]) -> list[int]:
    if not isinstance(value, str):
        return _each(value, len(dilation))
    reach = [0 if value == "valid" else step * (side - 1) for side, step in zip(kernel, dilation, strict=True)]
    if any(pixels % 2 for pixels in reach):
        raise NotDefinedError('padding="same" of a kernel with an even side pads one side more than the other, which has no rule. Use gradient.')
    return [pixels // 2 for pixels in reach]
