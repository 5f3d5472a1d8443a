"""The independent count: every operation in a graph of gradients that rectifies, by autograd's own account.

Nodes are told by the names that autograd gives them, whatever the Python that made them was called. Operations that may or
may not rectify are looked into: `maximum` with a constant, `where`, a product with a mask of noughts and ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Node = Any
"""A node of autograd's graph; torch exports no type that covers C++ and Python nodes alike."""

RECTIFY = {
    *("Relu", "Hardtanh", "Threshold", "LeakyRelu", "PreluKernel", "Prelu", "RreluWithNoise", "Clamp", "ClampMin", "Clip"),
    *("Elu", "Celu", "Selu", "Gelu", "Silu", "Mish", "Hardswish", "Softplus", "Erf"),
    *("Where", "MaskedFill", "Abs"),
}
"""What rectifies by its name alone. `Erf` serves for nothing but a GELU written out; `Abs` rectifies both ways."""

_NUMBERED = re.compile(r"Backward\d*$")


@dataclass(frozen=True, slots=True)
class RectifierNodes:
    """Rectifiers in a graph: those whose backward is ours (`intercepted`, first call first), and the others' names."""

    intercepted: list[Any]
    escaped: list[str]


def rectifier_nodes(ends: Iterable[Node], entrance: Node | None = None) -> RectifierNodes:
    """Walks from `ends` (the targets' `grad_fn`) back to `entrance`, which is not looked at, or to the leaves."""
    intercepted, escaped = [], []
    for node in walk(ends, {entrance}):
        rectifier = getattr(node, "rectifier", None)
        if rectifier is not None:
            intercepted.append(rectifier)
        elif name := rectifies(node):
            escaped.append(name)
    return RectifierNodes(intercepted[::-1], escaped[::-1])


def walk(ends: Iterable[Node], border: set[Node]) -> Iterable[Node]:
    """Every node once, from `ends` towards the leaves, none beyond `border`."""
    seen = {None, *border}
    waiting = [node for node in ends if node not in seen]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        waiting.extend(parent for parent, _ in node.next_functions if parent not in seen)


def rectifies(node: Node) -> str | None:
    """What this node is called if it rectifies, or may: Python and compiled code cannot be looked into, so they may."""
    if isinstance(node, torch.autograd.function.BackwardCFunction):
        if getattr(getattr(node, "_forward_cls", None), "rectifies", True) is False:
            return None  # ours, and says so
        return f"{type(node).__name__.removesuffix('Backward')} (Python)"
    name = node.name()
    if "DifferentiableGraph" in name or "CompiledFunction" in name:
        return "compiled code"
    name = _NUMBERED.sub("", name)
    if name in RECTIFY:
        return name
    if name in ("Maximum", "Minimum") and _with_constant(node):
        return name
    if name == "Mul":
        return "product with a mask" if _masks(node) else "SiLU written out" if _gates_itself(node) else None
    return None


def _with_constant(node: Node) -> bool:
    return any(parent is None for parent, _ in node.next_functions)


def _masks(node: Node) -> bool:
    """A product with noughts and ones that are as many as the values: what `y * (y > 0)` leaves."""
    for (parent, _), saved in zip(node.next_functions, ("_saved_self", "_saved_other"), strict=True):
        factor = getattr(node, saved, None) if parent is None else None
        if not isinstance(factor, Tensor) or factor.numel() < 2:
            continue
        zeros, ones = factor == 0, factor == 1
        if tuple(factor.shape) == tuple(node._input_metadata[0].shape) and bool((zeros | ones).all()) and bool(zeros.any()):
            return True
    return False


def _gates_itself(node: Node) -> bool:
    """`x * sigmoid(x)`: one factor is the sigmoid of the other."""
    (first, _), (second, _) = node.next_functions
    for gate, value in ((first, second), (second, first)):
        sigmoid = gate is not None and gate.name().startswith("SigmoidBackward")
        if sigmoid and value is not None and gate.next_functions[0][0] is value:
            return True
    return False
