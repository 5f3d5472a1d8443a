"""Nothing of the user's network changes: parameters, buffers, gradients, flags, modes, hooks, attributes, compared one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks", "_state_dict_hooks", "_load_state_dict_pre_hooks")

PLAIN = (bool, int, float, str, bytes, tuple, type(None))


def photograph(module: nn.Module) -> dict[str, Any]:
    """Everything that can be told of a module from outside, copied, by name."""
    found: dict[str, Any] = {}
    for path, inner in module.named_modules(remove_duplicate=False):
        found[f"{path}: class"] = type(inner)
        found[f"{path}: training"] = inner.training
        found[f"{path}: forward"] = vars(inner).get("forward")
        for hooks in HOOKS:
            found[f"{path}: {hooks}"] = tuple(getattr(inner, hooks, {}).items())
        found[f"{path}: object"] = id(inner)
        found[f"{path}: attributes"] = sorted(vars(inner))
        found[f"{path}: settings"] = {name: value for name, value in vars(inner).items() if isinstance(value, PLAIN)}
    for kind, tensors in (("parameter", module.named_parameters()), ("buffer", module.named_buffers())):
        for name, tensor in tensors:
            found.update({f"{kind} {name}: {what}": value for what, value in _tensor(tensor).items()})
    return found


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of all that differs, nothing if nothing does."""
    return sorted(name for name in {*before, *after} if name not in before or name not in after or not _same(before[name], after[name]))


@contextmanager
def unchanged(module: nn.Module) -> Iterator[None]:
    """`AssertionError` that names what differs after the block, also where the block raised."""
    before = photograph(module)
    try:
        yield
    finally:
        found = changes(before, photograph(module))
        if found:
            raise AssertionError(f"the network was changed: {', '.join(found[:6])}{' ...' if len(found) > 6 else ''}")


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {
        "values": tensor.detach().clone(),
        "gradient": None if tensor.grad is None else tensor.grad.clone(),
        "requires_grad": tensor.requires_grad,
        "storage": tensor.data_ptr(),
        "stride": tensor.stride(),
        "hooks": tuple((tensor._backward_hooks or {}).items()),
    }


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one, other)
    return bool(one is other or one == other)
