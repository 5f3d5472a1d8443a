"""Reading and changing activations at any number of sites in one pass, which ends at the deepest of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from optogram.errors import AddressError
from optogram.network.functional import ACTIVATIONS
from optogram.network.site import Site, Unit
from optogram.network.structure import leaves, replaced

Edit = Callable[[Tensor], Tensor | None]


class Reached(BaseException):
    """Ends a forward pass when all that was asked for has been seen; no `except Exception` of the network catches it."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a site is met in a pass: the module (or functional rectifier) by its first name, which call, which tensor."""

    path: str
    call: int
    key: str
    into: bool
    site: Site


class Taps:
    """What a tap has read: a site's raw tensor, a unit as [batch, *grid], a neuron as [batch]."""

    def __init__(self, targets: Mapping[str, Site | Unit]) -> None:
        self._targets = dict(targets)
        self._read: dict[str, Tensor] = {}

    def keep(self, site: Site, tensor: Tensor) -> None:
        """Called by the recorder."""
        self._read[site.address] = tensor

    def __getitem__(self, address: str) -> Tensor:
        target = self._targets.get(address)
        if target is None:
            raise AddressError(f'"{address}" was not tapped; this tap has {", ".join(self._targets)}')
        site = target.site if isinstance(target, Unit) else target
        if site.address not in self._read:
            raise AddressError(f'"{address}" has not been read yet: call net.run(images) inside the `with`')
        tensor = self._read[site.address]
        return site.select(tensor, target) if isinstance(target, Unit) else tensor

    def keys(self) -> list[str]:
        """The addresses that were asked for."""
        return list(self._targets)


class Recorder:
    """The observer behind a tap: one for a thread's `with` block, reset at each run.

    What the network later writes into is handed on as a copy, so that what was read keeps its value and its place in the
    graph of gradients. A read sees the edit of the same site.
    """

    def __init__(self, points: list[Point], reads: set[str], edits: Mapping[str, Edit], taps: Taps) -> None:
        self.taps, self.edits, self.reads = taps, edits, reads
        self.paths = frozenset(point.path for point in points)
        self.functional = any(point.path.endswith("()") for point in points)
        self._wanted: dict[tuple[str, int, bool], list[Point]] = {}
        for point in points:
            self._wanted.setdefault((point.path, point.call, point.into), []).append(point)
        self.start()

    def start(self) -> None:
        """Forgets the last run."""
        self.counts: Counter[str] = Counter()
        self.stack: list[tuple[str, int, nn.Module]] = []
        self.missing = set(self.reads)

    def before(self, path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
        """The observer's side of a module's start."""
        call = self.counts[path]
        self.counts[path] += 1
        self.stack.append((path, call, module))
        points = self._wanted.get((path, call, True))
        if not points:
            return None
        arguments = self._meet(points, {"args": args, "kwargs": kwargs})
        return arguments["args"], arguments["kwargs"]

    def after(self, path: str, module: nn.Module, output: Any) -> Any:
        """The observer's side of a module's end."""
        call = 0
        while self.stack:
            name, call, _ = self.stack.pop()
            if name == path:
                break
        points = self._wanted.get((path, call, False))
        return self._meet(points, output) if points else None

    def entrance(self, images: Tensor) -> Tensor:
        """The observer's side of the images themselves, in the input frame and in 0..1: the site `input`."""
        points = self._wanted.get(("input", 0, False))
        changed = self._meet(points, images) if points else images
        return changed if isinstance(changed, Tensor) else images

    def rectifier(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The observer's side of a functional rectifier."""
        path = functional_path(self.stack, name)
        if path is None:
            return function(*args, **kwargs)
        call = self.counts[path]
        self.counts[path] += 1
        if points := self._wanted.get((path, call, True)):
            arguments = self._meet(points, {"args": args, "kwargs": kwargs})
            args, kwargs = arguments["args"], arguments["kwargs"]
        output = function(*args, **kwargs)
        points = self._wanted.get((path, call, False))
        return self._meet(points, output) if points else output

    def _meet(self, points: list[Point], value: Any) -> Any:
        for point in points:
            tensor = dict(leaves(value))[point.key]
            edit = self.edits.get(point.site.address)
            if edit is not None:
                changed = edit(tensor)
                if changed is not None:
                    tensor, value = changed, replaced(value, point.key, changed)
            if point.site.address in self.reads:
                self.taps.keep(point.site, plain(tensor))
                self.missing.discard(point.site.address)
                if not self.missing:
                    raise Reached
                if point.site.overwritten:
                    value = replaced(value, point.key, tensor.clone())
        return value


def plain(tensor: Tensor) -> Tensor:
    """What was computed under `torch.inference_mode` as a tensor that may be used outside it; any other as it is."""
    if not tensor.is_inference():
        return tensor
    with torch.inference_mode(False):
        return tensor.clone()


def functional_path(stack: list[tuple[str, int, nn.Module]], name: str) -> str | None:
    """`layer1.0.relu()` for a rectifier called in `layer1.0`; `None` inside a rectifier module, which has an address itself."""
    if stack and isinstance(stack[-1][2], ACTIVATIONS):
        return None
    path = stack[-1][0] if stack else ""
    return f"{path}.{name}()" if path else f"{name}()"
