"""Every operation of a pass, handed to whoever gives it another backward, and the graph of gradients as an independent account.

A `TorchFunctionMode` sees each torch function that a forward pass calls, by modules, as functions, as methods or operators. What
it cannot see (scripted code, Python functions of torch that call others) is in the graph of gradients all the same: `unruled`
lists every operation there that is neither linear in its input nor ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from optogram.network.rectifier_nodes import Node, walk

if TYPE_CHECKING:
    from optogram.network.wiring import Wiring

Operator = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
"""`operator(function, args, kwargs)`: what stands in for one call; `function(*args, **kwargs)` leaves it as it is."""

LINEAR = {
    *("Add", "Sub", "Neg", "Mean", "Sum", "Cat", "Stack", "Clone", "ToCopy", "Copy", "Identity", "Alias", "Expand", "Repeat"),
    *("View", "UnsafeView", "ReshapeAlias", "Reshape", "Permute", "Transpose", "T", "Mt", "Squeeze", "Unsqueeze", "Unfold", "AsStrided", "Flatten"),
    *("Slice", "Select", "Index", "IndexSelect", "Gather", "Take", "Split", "SplitWithSizes", "Unbind", "Narrow", "Roll", "Flip", "Rot90", "Tril"),
    *("AvgPool1D", "AvgPool2D", "AvgPool3D", "AdaptiveAvgPool1D", "AdaptiveAvgPool2D", "AdaptiveAvgPool3D", "MkldnnAdaptiveAvgPool2D"),
    *("ConstantPadNd", "ReflectionPad1D", "ReflectionPad2D", "ReplicationPad1D", "ReplicationPad2D", "PixelShuffle", "PixelUnshuffle"),
    *("UpsampleNearest2D", "UpsampleBilinear2D", "UpsampleBilinear2DAa", "UpsampleBicubic2D", "UpsampleBicubic2DAa", "MaskedFill"),
}
"""Nodes of autograd through which a gradient is the linear map's own transpose, whatever the values."""
BY_ONE = {"Mul", "Addcmul", "Div", "Mm", "Bmm", "Mv", "Addmm", "Baddbmm", "Einsum"}
"""Linear where all but one factor is a constant."""
PIECEWISE = {
    *("Relu", "LeakyRelu", "PreluKernel", "Prelu", "ClampMin", "Threshold"),
    *("MaxPool1DWithIndices", "MaxPool2DWithIndices", "MaxPool3DWithIndices", "AdaptiveMaxPool2D", "Max", "Amax"),
}
"""Linear in pieces that begin at the origin: the gradient there is output over input, so the value passes on whole."""
WEIGHTED = {"Mm", "Bmm", "Mv", "Addmm", "Baddbmm", "Convolution"}
"""Products with weights: linear, but a rule for weights has missed them where they are found in a graph."""

_NUMBERED = re.compile(r"Backward\d*$")
_NOTHING: Mapping[int, Operator] = {}
_ACTIVE: ContextVar[Mapping[int, Operator]] = ContextVar("optogram_operators", default=_NOTHING)


@contextmanager
def operated(wiring: Wiring, operator: Operator) -> Iterator[None]:
    """Makes `operator` hold for one network, in this thread only."""
    token = _ACTIVE.set({**_ACTIVE.get(), id(wiring): operator})
    try:
        yield
    finally:
        _ACTIVE.reset(token)


@contextmanager
def operating(wiring: Wiring) -> Iterator[None]:
    """Around one forward pass: applies the operator that holds for this network, if any."""
    operator = _ACTIVE.get().get(id(wiring))
    with nullcontext() if operator is None else _Watch(operator):
        yield


def at_work() -> bool:
    """Whether an operator stands in for calls of torch's functions in this thread: then every operation has to be such a call."""
    return bool(_ACTIVE.get())


class _Watch(TorchFunctionMode):
    def __init__(self, operator: Operator) -> None:
        super().__init__()
        self.operator = operator

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Torch calls this for every operation while the mode is active."""
        return self.operator(func, args, kwargs or {})


def unruled(ends: Iterable[Node], ours: tuple[type, ...] = (), piecewise: bool = True, weighted: bool = False) -> list[str]:
    """Names of the operations between `ends` and the leaves that are not linear, not in pieces through the origin, and not ours.

    `ours` are subclasses of `torch.autograd.Function`. Products of two things that both depend on the input are named so. Layers
    with weights, and norms with fixed statistics, are linear too, and pass where they are `weighted`.
    """
    return sorted({name for _, name in unruled_nodes(ends, ours, piecewise, weighted)})


def unruled_nodes(ends: Iterable[Node], ours: tuple[type, ...] = (), piecewise: bool = True, weighted: bool = False) -> Iterator[tuple[Node, str]]:
    """Each of those operations with its name."""
    mine = tuple(function._backward_cls for function in ours)  # type: ignore[attr-defined]
    for node in walk(ends, set()):
        if isinstance(node, mine):
            continue
        name = _NUMBERED.sub("", node.name().rpartition("::")[2])
        if name in LINEAR or name == "AccumulateGrad" or (piecewise and name in PIECEWISE):
            continue
        if name in BY_ONE - WEIGHTED and _of_one(node, name):
            continue
        if weighted and ((name in WEIGHTED and _of_one(node, name)) or (name == "NativeBatchNorm" and not node._saved_training)):
            continue
        yield node, "a product of two activations" if name == "Mul" else _said(name)


def _of_one(node: Node, name: str) -> bool:
    parents = [parent for parent, _ in node.next_functions]
    if name == "Div":
        return len(parents) < 2 or parents[1] is None
    return sum(parent is not None for parent in parents) < 2


def _said(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def is_leaf_of(tensor: torch.Tensor, ours: tuple[type, ...]) -> bool:
    """Whether nothing of ours lies between the tensor and the leaves."""
    mine = tuple(function._backward_cls for function in ours)  # type: ignore[attr-defined]
    return not any(isinstance(node, mine) for node in walk([tensor.grad_fn], set()))
