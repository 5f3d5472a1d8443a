"""Which axis of an activation counts units and which count places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from optogram.network.site import Layout
from optogram.network.trace import Call, Leaf, Trace

FIRST = (
    *(nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d),
)
LAST = (nn.Linear, nn.LayerNorm, nn.Embedding, nn.MultiheadAttention)


@dataclass(frozen=True, slots=True)
class Shape:
    """A tensor read as units and places."""

    layout: Layout
    units: int
    grid: tuple[int, ...]
    batch_axis: int = 0
    multiple: int = 1


def shape_of(leaf: Leaf, call: Call, trace: Trace) -> Shape | None:
    """How to read a tensor; `None` where it has no batch of its own (weights, position tables)."""
    shape = tuple(leaf.tensor.shape)
    batch = trace.batch
    if len(shape) < 2 or 0 in shape:
        return None
    if call.path == "input":
        return Shape("spatial", shape[1], shape[2:])
    if len(shape) == 3 and shape[0] != batch and shape[1] == batch:
        return Shape("tokens", shape[2], (shape[0],), batch_axis=1)
    if shape[0] != batch:
        return _windows(shape, batch)
    if len(shape) == 2:
        return Shape("vector", shape[1], ())
    last = _channels_last(leaf, call, trace)
    if len(shape) == 3:
        return Shape("tokens", shape[2], (shape[1],)) if last else Shape("spatial", shape[1], shape[2:])
    if len(shape) == 4:
        return Shape("channel_last", shape[3], shape[1:3]) if last else Shape("spatial", shape[1], shape[2:])
    return None


def _windows(shape: tuple[int, ...], batch: int) -> Shape | None:
    """Windowed attention puts each photograph on several rows of the batch."""
    if len(shape) != 3 or shape[0] % batch or shape[0] < batch:
        return None
    multiple = shape[0] // batch
    return Shape("tokens", shape[2], (multiple * shape[1],), multiple=multiple)


def _channels_last(leaf: Leaf, call: Call, trace: Trace) -> bool:
    """Decided by the nearest call whose convention is known; by the shape where two conventions fit."""
    shape = tuple(leaf.tensor.shape)
    convention = _convention(call.module, shape)
    if convention is not None:
        return convention == "last"
    if len(shape) == 3 and not any(isinstance(other.module, nn.Conv1d | nn.BatchNorm1d) for other in trace.calls):
        return True
    for other in sorted(trace.calls, key=lambda other: abs(other.order - call.order) + (other.order > call.order)):
        for known in other.outputs[:1]:
            convention = _convention(other.module, tuple(known.tensor.shape))
            if known.tensor.ndim != len(shape) or convention is None:
                continue
            first = convention == "first"
            units = known.tensor.shape[1 if first else -1]
            if shape[1] != shape[-1] and units in (shape[1], shape[-1]):
                return bool(units == shape[-1])
            if tuple(known.tensor.shape) == shape:
                return not first
    return len(shape) == 4 and shape[1] == shape[2] != shape[3]


def _convention(module: nn.Module | None, shape: tuple[int, ...]) -> Literal["first", "last"] | None:
    """What a layer does by its kind. A layer norm counts along its own width, wherever a subclass has put that."""
    if isinstance(module, FIRST):
        return "first"
    if isinstance(module, nn.LayerNorm) and len(shape) == 4 and shape[1] == module.normalized_shape[-1] != shape[-1]:
        return "first"
    return "last" if isinstance(module, LAST) else None
