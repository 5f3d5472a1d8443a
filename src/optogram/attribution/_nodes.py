"""Operations whose backward is ours: nodes that stand in the graph of gradients for what a method rules itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from optogram.attribution._affine import Affine


class Layer:
    """A weighted layer of one pass and its output as it was; a rectifier in place leaves what is needed of it, others a copy."""

    def __init__(self, x: Tensor, affine: Affine, back: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        self.x, self.affine, self.back = x, affine, back
        self.y, self.version, self.rectified = x, -1, False

    def saw(self, y: Tensor) -> None:
        """Keeps what the layer gave."""
        self.y, self.version = y, y._version

    def keep(self, rectified: bool) -> None:
        """Called before something writes over the output."""
        self.rectified = rectified
        if not rectified and self.version == self.y._version:
            self.saw(self.y.clone())

    def settle(self) -> None:
        """Called after it."""
        if self.rectified:
            self.version = self.y._version

    def output(self) -> Tensor:
        """What the layer gave, computed again where it was lost."""
        if self.version == self.y._version:
            return self.y
        return self.affine.added(self.affine.forward(self.x.detach()), self.affine.bias)


class Ruled(torch.autograd.Function):
    """A weighted layer: `compute` does it, `layer.back(x, y, c)` hands back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: Layer, compute: Callable[[], Tensor]) -> Tensor:
        """The layer's own output."""
        ctx.save_for_backward(x)
        ctx.layer = layer
        output = compute()
        layer.saw(output.detach())
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, c: Tensor) -> tuple[Tensor, None, None]:
        """By the layer's rule."""
        (x,) = ctx.saved_tensors
        return ctx.layer.back(x, ctx.layer.output(), c), None, None


class Scaled(torch.autograd.Function):
    """An operation whose backward is a product with `factor`; `compute` does it, in place where it is `written`."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, factor: Tensor, compute: Callable[[], Tensor], written: bool) -> Tensor:
        """What `compute` gives."""
        ctx.save_for_backward(factor)
        if written:
            ctx.mark_dirty(z)
        return compute()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, c: Tensor) -> tuple[Tensor, None, None, None]:
        """The product."""
        (factor,) = ctx.saved_tensors
        return c * factor, None, None, None


class Tangent(torch.autograd.Function):
    """An operation whose backward is a product with `slope`, and which tells what comes in."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, slope: Tensor, tell: Callable[[Tensor], None], compute: Callable[[], Tensor], written: bool) -> Tensor:
        """What `compute` gives, in place where it is `written`."""
        ctx.save_for_backward(slope)
        ctx.tell = tell
        if written:
            ctx.mark_dirty(z)
        return compute()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, c: Tensor) -> tuple[Tensor, None, None, None, None]:
        """The product."""
        (slope,) = ctx.saved_tensors
        ctx.tell(c)
        return c * slope, None, None, None, None


class Within(torch.autograd.Function):
    """An operation of one or more inputs whose backward is its own gradient times `share`."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Tensor], share: float, *inputs: Tensor) -> Tensor:
        """The operation, its own graph kept inside."""
        ctx.share, ctx.wanted = share, ctx.needs_input_grad[2:]
        leaves = [one.detach().requires_grad_(wanted) for one, wanted in zip(inputs, ctx.wanted, strict=True)]
        with torch.enable_grad():
            ctx.output = function(*leaves)
        ctx.leaves = [leaf for leaf, wanted in zip(leaves, ctx.wanted, strict=True) if wanted]
        return ctx.output.detach()  # type: ignore[no-any-return]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, c: Tensor) -> tuple[Tensor | None, ...]:
        """Each differentiable input's part."""
        found = iter(torch.autograd.grad(ctx.output, ctx.leaves, c * ctx.share, retain_graph=True))
        return None, None, *(next(found) if wanted else None for wanted in ctx.wanted)


OURS = (Ruled, Scaled, Tangent, Within)
"""What a graph of gradients may consist of beside linear operations and pieces through the origin."""
