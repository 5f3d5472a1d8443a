"""DeepLIFT: each pixel's share of the difference between the photograph and a baseline, in one backward pass.

Shrikumar, Greenside & Kundaje 2017, "Learning important features through propagating activation differences". One forward and one
backward pass over the photograph and its baseline together. At an activation the slope is the difference of its outputs over the
difference of its inputs, instead of the local one (rescale), or one slope for what adds to its input and one for what takes away
(reveal-cancel, `_reveal_cancel.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._carried import out_of_place, writes
from optogram.attribution._nodes import Scaled
from optogram.attribution._question import Answer, Question, check_finite
from optogram.attribution._reveal_cancel import CLOSE, REVEALED, Revealing
from optogram.attribution._unruled import refuse_unruled
from optogram.errors import NotDefinedError, SettingError
from optogram.network.functional import named
from optogram.network.operations import Operator

CURVES: set[Callable[..., Any]] = {torch.sigmoid, torch.tanh, Tensor.sigmoid, Tensor.tanh, F.sigmoid, F.tanh, F.hardsigmoid, F.softsign}
POOLS = {F.max_pool1d, F.max_pool2d, F.max_pool3d, F.adaptive_max_pool2d}


def deeplift(question: Question, *, baseline: Baseline = "black", rule: Literal["rescale", "reveal_cancel"] = "rescale") -> Answer:
    """(x - b) times the multipliers; sums to f(x) - f(b), `delta` being what is missed.

    `rule="reveal_cancel"` sees what cancels out: of min(x1, x2) both get half, where rescale gives all to the lesser. It costs each layer
    three times.

    The unit is read at the neuron that is greatest on the photograph, in both. Max pooling gives to the winner on the photograph
    what the photograph adds, and takes from the winner on the baseline what it loses. `baseline`: black, mean, blur, noise, a
    number or an array. `NotDefinedError` for what the rule does not cover: products of activations, attention, layer norms.
    """
    if rule not in ("rescale", "reveal_cancel"):
        raise SettingError(f'rule is "rescale" or "reveal_cancel"; got "{rule}"')
    operator = rescaling if rule == "rescale" else Revealing(rescaling, CURVES)
    origin = question.origin()
    base = baseline_of(question, origin, baseline)
    fixed, responses = question.settled()
    rows = max(1, question.batch_size // 2)
    parts = [_multipliers(fixed, origin, base, slice(start, start + rows), operator) for start in range(0, len(origin), rows)]
    values = (origin - base) * torch.cat([multipliers for multipliers, _ in parts])
    grounds = torch.cat([ground for _, ground in parts])
    return Answer(values, responses, fixed.places or (), delta=values.flatten(1).sum(dim=1) - (responses - grounds))


def _multipliers(
    question: Question, origin: Tensor, base: Tensor, rows: slice, operator: Operator
) -> tuple[Float[Tensor, "row ..."], Float[Tensor, "row"]]:
    """Contribution over difference of each pixel, and the responses to the baselines: photographs and baselines in one batch."""
    leaf = origin[rows].detach().clone().requires_grad_()
    photo = torch.arange(len(origin), device=origin.device)[rows].repeat(2)
    edits = {} if question.source is None else {question.source.address: lambda raw: torch.cat([leaf, base[rows].detach()])}
    with torch.enable_grad(), question.network.tap(*question.target.addresses, edits=edits) as taps:
        pairs = torch.cat([leaf, base[rows].detach()])

        def run() -> None:
            question.network.run(pairs if question.source is None else question.images[photo])

        with question.network.operated_by(operator):
            run()
        responses, _ = question.read(taps, photo)
        refuse_unruled(question, operator, run, taps, (Scaled, _Pooled, *REVEALED), "integrated_gradients", piecewise=False, weighted=True)
        if not responses.requires_grad:
            raise NotDefinedError(question.unreached())
        (found,) = torch.autograd.grad(responses[: len(leaf)].sum(), leaf, allow_unused=True)
    if found is None:
        raise NotDefinedError(question.unreached())
    check_finite(found.flatten(1).sum(dim=1), photo[: len(leaf)], f"what deeplift hands back from {question.target.text}")
    return found, responses[len(leaf) :].detach()


def rescaling(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Stands in for one call of a torch function, on a batch of photographs and then as many baselines."""
    z = args[0] if args else kwargs.get("input")
    if not isinstance(z, Tensor) or not z.requires_grad or not torch.is_grad_enabled():
        return function(*args, **kwargs)
    if function in POOLS and not kwargs.get("return_indices"):
        rest = {key: value for key, value in kwargs.items() if key != "input"}
        return _Pooled.apply(z, lambda t: function(t, *args[1:], **rest))  # type: ignore[no-untyped-call]
    if function in CURVES or named(function, args, kwargs):
        rest = {key: value for key, value in kwargs.items() if key not in ("input", "inplace")}
        plain = out_of_place(function)
        factor = quotient(z.detach(), lambda t: plain(t, *args[1:], **rest))
        return Scaled.apply(z, factor, lambda: function(*args, **kwargs), writes(function, kwargs))  # type: ignore[no-untyped-call]
    return function(*args, **kwargs)


def quotient(z: Float[Tensor, "pair ..."], function: Callable[[Tensor], Tensor]) -> Float[Tensor, "pair ..."]:
    """Difference of outputs over difference of inputs for the first half of the rows, 0 for the second."""
    x, b = z.chunk(2)
    with torch.enable_grad():
        leaf = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(function(leaf).sum(), leaf)
    step = x - b
    far = step.abs() > CLOSE * (x.abs() + b.abs())
    found = torch.where(far, (function(x) - function(b)) / torch.where(far, step, 1.0), slope)
    return torch.cat([found, torch.zeros_like(found)])


class _Pooled(torch.autograd.Function):
    """Max pooling: the difference of the greatest values, split at the greater of the two."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.save_for_backward(z)
        ctx.function = function
        return function(z)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        x, b = (half.detach().requires_grad_() for half in ctx.saved_tensors[0].chunk(2))
        grad = grad[: len(x)]
        with torch.enable_grad():
            top, ground = ctx.function(x), ctx.function(b)
            both = torch.maximum(top, ground).detach()
            (gained,) = torch.autograd.grad(top, x, grad * (both - ground.detach()), retain_graph=True)
            (local,) = torch.autograd.grad(top, x, grad)
            (lost,) = torch.autograd.grad(ground, b, grad * (top.detach() - both))
        step = (x - b).detach()
        far = step.abs() > CLOSE * (x.abs() + b.abs()).detach()
        found = torch.where(far, (gained + lost) / torch.where(far, step, 1.0), local)
        return torch.cat([found, torch.zeros_like(found)]), None
