"""Tensors inside whatever a module takes or returns: tuples, dicts, dataclasses, model outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor


def version_of(tensor: Tensor) -> int:
    """How often a tensor was written into; -1 under `torch.inference_mode`, where torch does not count and it may have been."""
    return -1 if tensor.is_inference() else tensor._version


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor with its key: `""` for a bare tensor, `0`, `logits`, `hidden_states.2` inside something."""
    if isinstance(value, Tensor):
        yield key, value
        return
    for name, inner in _items(value):
        yield from leaves(inner, f"{key}.{name}" if key else name)


def replaced(value: Any, key: str, tensor: Tensor) -> Any:
    """The same structure with the tensor at `key` exchanged; the original is left as it is."""
    if not key:
        return tensor
    head, _, rest = key.partition(".")
    if isinstance(value, Mapping):
        exchanged = {name: replaced(inner, rest, tensor) if str(name) == head else inner for name, inner in value.items()}
        return type(value)(**exchanged) if dataclasses.is_dataclass(value) else type(value)(exchanged)  # type: ignore[call-arg]
    if isinstance(value, tuple | list):
        entries = [replaced(inner, rest, tensor) if str(index) == head else inner for index, inner in enumerate(value)]
        return type(value)(*entries) if hasattr(value, "_fields") else type(value)(entries)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{head: replaced(getattr(value, head), rest, tensor)})
    return value


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(name), inner) for name, inner in value.items())
    elif isinstance(value, tuple | list):
        yield from ((str(index), inner) for index, inner in enumerate(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
