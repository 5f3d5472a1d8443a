"""One recorded forward pass: which modules ran, how often, on what tensors, and what was later overwritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from optogram.network.functional import Watch, cuts_at_zero
from optogram.network.structure import leaves, version_of
from optogram.network.tap import functional_path
from optogram.network.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Leaf:
    """One tensor as it was seen: its key inside arguments or output, and what is needed to recognise it later."""

    key: str
    tensor: Tensor
    version: int
    rectified: bool

    @property
    def place(self) -> tuple[int, int]:
        """Storage and length: equal for a tensor and its views of the whole."""
        return self.tensor.data_ptr(), self.tensor.numel()

    @property
    def overwritten(self) -> bool:
        """Whether somebody wrote into it after it was seen."""
        return self.tensor.is_inference() or version_of(self.tensor) != self.version


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one module, or of one functional rectifier (`path` ends with `()`); `order` counts endings."""

    path: str
    call: int
    module: nn.Module | None
    inputs: tuple[Leaf, ...]
    outputs: tuple[Leaf, ...]
    order: int
    began: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Every call of one pass over `batch` random images, in the order of their ends."""

    calls: tuple[Call, ...]
    batch: int
    image: Tensor

    def counts(self) -> Counter[str]:
        """How often each path was called."""
        return Counter(call.path for call in self.calls)


def trace(wiring: Wiring, run: Callable[[Tensor], Any], images: Tensor) -> Trace:
    """Runs the network once, without gradients, and writes down every call."""
    tracer = _Tracer()
    with torch.no_grad(), wiring.watched_by(tracer), Watch(tracer.rectifier):
        run(images)
    return Trace(tuple(sorted(tracer.calls, key=lambda call: call.order)), images.shape[0], images)


class _Tracer:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.stack: list[tuple[str, int, nn.Module]] = []
        self.open: list[tuple[tuple[Leaf, ...], int]] = []
        self.cut: set[tuple[int, int, int]] = set()
        self.kept: list[Tensor] = []  # so that no other tensor takes the place of one that is marked
        self.clock = 0

    def before(self, path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.stack.append((path, self.counts[path], module))
        self.counts[path] += 1
        self.open.append((self._seen({"args": args, "kwargs": kwargs}), self._tick()))

    def after(self, path: str, module: nn.Module, output: Any) -> None:
        _, call, _ = self.stack.pop()
        inputs, began = self.open.pop()
        self.calls.append(Call(path, call, module, inputs, self._seen(output), self._tick(), began))

    def rectifier(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        path = functional_path(self.stack, name)
        inputs, began = self._seen({"args": args, "kwargs": kwargs}), self._tick()
        output = function(*args, **kwargs)
        if cuts_at_zero(name, args, kwargs):
            self.cut.add(_mark(output))
            self.kept.append(output)
        if path is None:
            return output
        self.calls.append(Call(path, self.counts[path], None, inputs, self._seen(output), self._tick(), began))
        self.counts[path] += 1
        return output

    def _seen(self, value: Any) -> tuple[Leaf, ...]:
        found = ((key, tensor) for key, tensor in leaves(value) if tensor.is_floating_point() and tensor.numel() > 0)
        return tuple(Leaf(key, tensor, version_of(tensor), _mark(tensor) in self.cut or _rectified(tensor)) for key, tensor in found)

    def _tick(self) -> int:
        self.clock += 1
        return self.clock


def _mark(tensor: Tensor) -> tuple[int, int, int]:
    """Place and version: the same for a tensor and its views until somebody writes into it."""
    return tensor.data_ptr(), tensor.numel(), version_of(tensor)


def _rectified(tensor: Tensor) -> bool:
    """Never negative and often exactly zero: what a rectifier that no name betrays, or a pool or a copy of one, gives on noise."""
    zeros = float((tensor == 0).float().mean())
    return bool(tensor.min() == 0) and 0.02 < zeros < 1.0
