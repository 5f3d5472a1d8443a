"""ReLU and ReLU6 whose gradient goes past the cache, in large tensors, which are not found there by whoever reads them next.

Only in private copies. What rules or operators look on, small tensors, views, and anything but single precision on a processor goes to torch.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import has_torch_function_unary

from optogram.network.fast.machine import as_field, lanes, registers, run, works

LARGE = 1 << 22
"""Numbers of a tensor, at least: 16 MB."""
LINE = 64
"""Bytes that memory is read and written in; what goes past the cache has to begin with one."""
SIX = 6.0


def _relu(self: nn.ReLU, input: Tensor) -> Tensor:
    return _cut(input, None, self.inplace) if _suits(input) else F.relu(input, self.inplace)


def _relu6(self: nn.ReLU6, input: Tensor) -> Tensor:
    if _suits(input):
        return _cut(input, SIX, False)
    return F.relu6(input, self.inplace and not torch.is_grad_enabled())  # autograd would keep a copy of what it overwrites


RECTIFIERS: dict[type, type] = {kind: type(kind.__name__, (kind,), {"forward": forward}) for kind, forward in ((nn.ReLU, _relu), (nn.ReLU6, _relu6))}
"""Classes of the same names."""


def _suits(values: Tensor) -> bool:
    if not (values.requires_grad and torch.is_grad_enabled()) or values.numel() < LARGE or values.is_leaf or values._is_view():
        return False
    return values.dtype == torch.float32 and values.device.type == "cpu" and not has_torch_function_unary(values)


def _cut(values: Tensor, cut: float | None, inplace: bool) -> Tensor:
    return _Cut.apply(values, cut, inplace)  # type: ignore[no-any-return, no-untyped-call]


class _Cut(torch.autograd.Function):
    rectifies = True
    """For the count of rectifiers (`rectifier_nodes.py`)."""

    @staticmethod
    def forward(context: Any, values: Tensor, cut: float | None, inplace: bool) -> Tensor:
        if inplace:
            context.mark_dirty(values)
        out = values if inplace else torch.empty_like(values)
        torch.clamp(values, 0.0, cut, out=out)
        context.save_for_backward(out if cut is None else values)  # what torch keeps: whoever may write into the other still may
        context.cut = cut
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, *gradients: Any) -> tuple[Tensor, None, None]:
        (kept,) = context.saved_tensors
        return masked(gradients[0], kept, context.cut), None, None


def masked(gradient: Tensor, output: Tensor, cut: float | None) -> Tensor:
    """The gradient where the output, or the input, is neither nought or less nor at least `cut`, if there is one."""
    result = _made(gradient, output, cut) if lanes() and output.numel() % lanes() == 0 and _dense(output) else None
    if result is not None:
        return result
    if cut is None:
        return torch.ops.aten.threshold_backward(gradient, output, 0.0)  # type: ignore[no-any-return]
    return torch.ops.aten.hardtanh_backward(gradient, output, 0.0, cut)  # type: ignore[no-any-return]


def _made(gradient: Tensor, output: Tensor, cut: float | None) -> Tensor | None:
    """By code made for it, unless something lies in memory otherwise than it has to."""
    from optogram.network.fast._masked_kernel import built

    result = torch.empty_like(output)
    if {gradient.stride(), result.stride()} != {output.stride()} or result.data_ptr() % LINE or not works(built):
        return None
    fields = (0, gradient.data_ptr(), output.data_ptr(), result.data_ptr(), output.numel(), as_field(math.nan if cut is None else cut))
    run(built, registers(), fields, torch.get_num_threads())
    return result


def _dense(values: Tensor) -> bool:
    return values.is_contiguous() or (values.ndim == 4 and values.is_contiguous(memory_format=torch.channels_last))
