"""DeepLIFT's reveal-cancel rule: positive and negative differences are followed apart, so that what cancels out is still seen.

Shrikumar, Greenside & Kundaje 2017, section 3.5. A weighted layer (a sum, a norm) splits the difference of its output into what adds and what
takes away, by the sign of each weight times the difference of its input; an activation shares its difference out to the two by the mean over
both orders in which they can come. Rows are photographs, then as many baselines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._affine import Affine, affine_of, normalisation_of
from optogram.attribution._carried import out_of_place, writes
from optogram.network.functional import named

Parts = tuple[Float[Tensor, "row ..."], Float[Tensor, "row ..."]]
Fallback = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
SUMS: set[Callable[..., Any]] = {torch.add, Tensor.add, Tensor.add_, Tensor.__add__, Tensor.__iadd__, Tensor.__radd__}
CLOSE = 1e-6
"""Inputs that differ by less than this share of themselves take the local slope: the quotient would be rounding."""


class Revealing:
    """The operator of one pass; what is neither weighted, a sum, nor an activation of a split difference goes to `otherwise`."""

    def __init__(self, otherwise: Fallback, curves: set[Callable[..., Any]]) -> None:
        self.otherwise, self.curves = otherwise, curves

    def __call__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Stands in for one call of a torch function."""
        z = args[0] if args else kwargs.get("input")
        if not isinstance(z, Tensor) or not torch.is_grad_enabled():
            return self.otherwise(function, args, kwargs)
        parts = getattr(z, "_optogram_parts", None)
        if parts is not None and writes(function, kwargs):
            del z._optogram_parts  # type: ignore[attr-defined]
        if function in SUMS:
            return self._added(function, args, kwargs)
        if not z.requires_grad:
            return self.otherwise(function, args, kwargs)
        if parts is not None and (function in self.curves or named(function, args, kwargs)):
            rest = {key: value for key, value in kwargs.items() if key not in ("input", "inplace")}
            plain = out_of_place(function)
            shares = shared(z.detach(), parts, lambda t: plain(t, *args[1:], **rest))
            return _Revealed.apply(z, *parts, *shares, lambda: function(*args, **kwargs), writes(function, kwargs))  # type: ignore[no-untyped-call]
        if weighted := affine_of(function, args, kwargs):
            return _with_parts(*_Split.apply(*weighted, lambda: function(*args, **kwargs)))  # type: ignore[no-untyped-call]
        if normed := normalisation_of(function, args, kwargs):
            x, scale, shift = normed
            if parts is None:
                return _with_parts(*_Split.apply(x, Affine("scale", scale, shift, (x.ndim,)), lambda: function(*args, **kwargs)))  # type: ignore[no-untyped-call]
            up, down = (part.reshape(-1, *[1] * (x.ndim - 2)) for part in (scale.clamp(min=0), scale.clamp(max=0)))
            return _with_parts(function(*args, **kwargs), parts[0] * up + parts[1] * down, parts[1] * up + parts[0] * down)
        return self.otherwise(function, args, kwargs)

    def _added(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        first, *others = args
        second = others[0] if others else kwargs.get("other")
        if kwargs or not isinstance(second, Tensor) or first.shape != second.shape or not (first.requires_grad and second.requires_grad):
            return self.otherwise(function, args, kwargs)
        terms = [_Signs.apply(term) for term in (first, second)]  # type: ignore[no-untyped-call]
        output = function(*args)
        return _with_parts(output, terms[0][0] + terms[1][0], terms[0][1] + terms[1][1])


def shared(z: Float[Tensor, "pair ..."], parts: Parts, function: Callable[[Tensor], Tensor]) -> Parts:
    """An activation's positive and negative difference over those of its input; where such a part is nought, the limit."""
    x, base = z.chunk(2)
    plus, minus = (part.detach() for part in parts)
    with torch.enable_grad():
        leaf = z.clone().requires_grad_()
        slope = sum(torch.autograd.grad(function(leaf).sum(), leaf)[0].chunk(2)) / 2
    whole, none, first, last = function(x), function(base), function(base + plus), function(base + minus)
    added, taken = (first - none + whole - last) / 2, (last - none + whole - first) / 2
    far = [part.abs() > CLOSE * (x.abs() + base.abs()) for part in (plus, minus)]
    return torch.where(far[0], added / torch.where(far[0], plus, 1.0), slope), torch.where(far[1], taken / torch.where(far[1], minus, 1.0), slope)


def _with_parts(output: Tensor, plus: Tensor, minus: Tensor) -> Tensor:
    output._optogram_parts = (plus, minus)  # type: ignore[attr-defined]
    return output


class _Split(torch.autograd.Function):
    """A weighted layer: its output, and what its inputs' differences add to it and take away."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, affine: Affine, compute: Callable[[], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        away = _difference(x)
        ctx.save_for_backward(away)
        ctx.affine = affine
        ctx.set_materialize_grads(False)
        over, under = affine.weight.clamp(min=0), affine.weight.clamp(max=0)
        more, less = away.clamp(min=0), away.clamp(max=0)
        plus, minus = (affine.forward(one, over) + affine.forward(other, under) for one, other in ((more, less), (less, more)))
        return compute(), plus, minus

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, c: Tensor | None, plus: Tensor | None, minus: Tensor | None) -> tuple[Tensor, None, None]:
        (away,) = ctx.saved_tensors
        affine, found = ctx.affine, torch.zeros_like(away)
        if c is not None:
            found = found + affine.backward(c[: len(away)], away)
        if plus is not None and minus is not None:
            over, under = affine.weight.clamp(min=0), affine.weight.clamp(max=0)
            more = affine.backward(plus, away, over) + affine.backward(minus, away, under)
            less = affine.backward(plus, away, under) + affine.backward(minus, away, over)
            found = found + _by_sign(away, more, less)
        return torch.cat([found, torch.zeros_like(found)]), None, None


class _Signs(torch.autograd.Function):
    """One term of a sum: its difference where it adds, and where it takes away."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        away = _difference(x)
        ctx.save_for_backward(away)
        return away.clamp(min=0), away.clamp(max=0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, plus: Tensor, minus: Tensor) -> Tensor:
        (away,) = ctx.saved_tensors
        found = _by_sign(away, plus, minus)
        return torch.cat([found, torch.zeros_like(found)])


class _Revealed(torch.autograd.Function):
    """An activation: its multiplier goes on to both parts of its input's difference, by what each has a share in."""

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, plus: Tensor, minus: Tensor, added: Tensor, taken: Tensor, compute: Callable[[], Tensor], written: bool
    ) -> Tensor:
        ctx.save_for_backward(added, taken)
        if written:
            ctx.mark_dirty(z)
        return compute()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, c: Tensor) -> tuple[Tensor | None, ...]:
        added, taken = ctx.saved_tensors
        c = c[: len(added)]
        return None, c * added, c * taken, None, None, None, None


REVEALED = (_Split, _Signs, _Revealed)


def _difference(x: Float[Tensor, "pair ..."]) -> Float[Tensor, "row ..."]:
    photographs, baselines = x.detach().chunk(2)
    return photographs - baselines


def _by_sign(away: Tensor, more: Tensor, less: Tensor) -> Tensor:
    """What belongs to differences above nought, and below; of none at all, the mean of both."""
    return torch.where(away > 0, more, torch.where(away < 0, less, (more + less) / 2))
