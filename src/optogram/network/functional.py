"""Rectifiers called as functions: their names in addresses, and the mode that sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

RECTIFIERS: dict[Callable[..., Any], str] = {
    **dict.fromkeys((F.relu, F.relu_, torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_), "relu"),
    F.relu6: "relu6",
    **dict.fromkeys((F.hardtanh, F.hardtanh_), "hardtanh"),
    **dict.fromkeys((F.leaky_relu, F.leaky_relu_), "leaky_relu"),
    **dict.fromkeys((F.threshold, F.threshold_, torch.threshold, torch.threshold_), "threshold"),  # type: ignore[attr-defined]
    **dict.fromkeys((F.elu, F.elu_), "elu"),
    **dict.fromkeys((F.celu, F.celu_, torch.celu, torch.celu_), "celu"),
    **dict.fromkeys((F.selu, F.selu_, torch.selu, torch.selu_), "selu"),
    **dict.fromkeys((F.rrelu, F.rrelu_, torch.rrelu, torch.rrelu_), "rrelu"),
    **dict.fromkeys((F.prelu, torch.prelu, torch.Tensor.prelu), "prelu"),
    F.gelu: "gelu",
    F.silu: "silu",
    F.hardswish: "hardswish",
    F.mish: "mish",
    F.softplus: "softplus",
}
"""Every function that is a rectifier by name, and the name that addresses use. `clamp` is one only at zero: see `named`."""

CLAMPS = {torch.clamp, torch.clamp_, torch.Tensor.clamp, torch.Tensor.clamp_, torch.clamp_min, torch.Tensor.clamp_min, torch.clip, torch.Tensor.clip}
CLAMPS |= {torch.clamp_min_, torch.Tensor.clamp_min_, torch.clip_, torch.Tensor.clip_}
ACTIVATIONS = (
    *(nn.ReLU, nn.ReLU6, nn.Hardtanh, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.Threshold, nn.ELU, nn.CELU, nn.SELU),
    *(nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish, nn.Softplus),
)


def named(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """The name under which addresses know this call, or `None` where it is no rectifier."""
    if function in CLAMPS:
        least = args[1] if len(args) > 1 else kwargs.get("min")
        return "clamp" if isinstance(least, int | float) and least == 0 else None
    return RECTIFIERS.get(function)


def cuts_at_zero(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call of this name gives zero for everything below zero, and nothing negative: what responses cannot be ranked by."""
    if name == "hardtanh":
        least = args[1] if len(args) > 1 else kwargs.get("min_val", -1.0)
        return bool(least == 0)
    return name in ("relu", "relu6", "clamp")


class Watch(TorchFunctionMode):
    """Hands every functional rectifier call to `call(name, function, args, kwargs)`, whose result takes its place."""

    def __init__(self, call: Callable[[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]) -> None:
        super().__init__()
        self.call = call

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Torch calls this for every operation while the mode is active."""
        kwargs = kwargs or {}
        name = named(func, args, kwargs)
        return func(*args, **kwargs) if name is None else self.call(name, func, args, kwargs)
