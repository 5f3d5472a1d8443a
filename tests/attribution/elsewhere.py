"""A device that is not the processor, made of it: tensors there say so and meet no others, as on a GPU.

python -m tests.attribution.elsewhere  # {method: by how much its map differs from the processor's, or the error}, as JSON
"""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

aten = torch.ops.aten
MEET = {
    *(aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default, aten.copy_.default, aten._to_copy.default),
}
"""What may have tensors of two devices: copies, and places named on the processor."""


class There(torch.Tensor):
    """Holds a tensor of the processor, which nothing but `run` and `moved` reads."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> There:
        settings = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype, "device": "elsewhere:0"}
        found = torch.Tensor._make_wrapper_subclass(cls, inner.shape, **settings)
        found.inner = inner
        return found

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(function, args, kwargs or {})


class Watched(TorchDispatchMode):
    """Sees also what makes tensors of nothing."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(function, args, kwargs or {})


def run(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """One operation, on the processor; the same errors as on a GPU where devices meet."""
    given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
    there = [one for one in given if isinstance(one, There)]
    if there and function not in MEET and any(one.ndim and not isinstance(one, There) for one in given):
        raise RuntimeError(f"{function} met tensors of two devices")
    asked = kwargs.get("device")
    lands = asked.type == "elsewhere" if asked is not None else bool(there)
    if lands and kwargs.get("generator") is not None:
        raise RuntimeError(f"{function} met a generator of another device")
    kwargs = kwargs if asked is None else {**kwargs, "device": torch.device("cpu")}
    known = {id(one.inner): one for one in there}
    found = function(*tree_map(_inner, args), **tree_map(_inner, kwargs))
    return tree_map(lambda one: known.get(id(one), There(one)) if isinstance(one, Tensor) else one, found) if lands else found


def moved(source: Tensor, goal: Tensor, non_blocking: bool = False) -> Tensor:
    """A copy to or from there that torch makes by itself."""
    _inner(goal).copy_(_inner(source))
    return goal


def empty(size: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: Any = None, memory_format: Any = None) -> Tensor:
    return There(torch.empty(size, dtype=dtype, memory_format=memory_format or torch.contiguous_format))


def empty_strided(size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: Any = None) -> Tensor:
    return There(torch.empty_strided(size, stride, dtype=dtype))


def _inner(one: Any) -> Any:
    return one.inner if isinstance(one, There) else one


def sent(module: nn.Module) -> nn.Module:
    """The module with its numbers there."""
    for inner in module.modules():
        for name, parameter in inner._parameters.items():
            inner._parameters[name] = None if parameter is None else nn.Parameter(There(parameter.detach()))
        for name, buffer in inner._buffers.items():
            inner._buffers[name] = None if buffer is None else There(buffer)
    return module


def main() -> None:
    import numpy as np

    from optogram.attribution._attribute import METHODS
    from optogram.testing.attribution import ask, kind_of, network_for, photographs, small

    _setup_privateuseone_for_python_backend("elsewhere")
    library = torch.library.Library("aten", "IMPL")
    for name, made in (("empty.memory_format", empty), ("empty_strided", empty_strided), ("_copy_from", moved)):
        library.impl(name, made, "PrivateUse1")
    told = {}
    for method in METHODS.names():
        expected = np.asarray(ask(network_for(method), photographs(2), method).values)
        try:
            with Watched():
                network = small(module=sent(kind_of(method)(3)))
                assert network.device.type == "elsewhere"
                found = np.asarray(ask(network, photographs(2), method).values)
            told[method] = float(np.abs(found - expected).max() / np.abs(expected).max())
        except Exception as error:
            told[method] = f"{type(error).__name__}: {error}"[:300]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
