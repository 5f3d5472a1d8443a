"""`network.rectifiers()`: which rectifiers a network computes, where, and whether each can be given another backward."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import torch
from torch import Tensor, nn

from optogram.network.rectifier_nodes import Node, rectifies, walk
from optogram.network.rectifiers import Interception, Rectifier, intercepted, unintercepted
from optogram.network.structure import leaves
from optogram.network.tap import Recorder, Taps

if TYPE_CHECKING:
    from optogram.network.network import Network


@dataclass(frozen=True, slots=True)
class RectifierCall:
    """One rectifier of one pass: its address, kind, the class of the module that computes it, and whether it was intercepted."""

    address: str
    kind: str
    module: str
    intercepted: bool = True


class RectifierReport(Sequence[RectifierCall]):
    """Every rectifier call of a pass, those that escaped last; prints as a table."""

    def __init__(self, calls: Sequence[RectifierCall]) -> None:
        self._calls = tuple(calls)

    @overload
    def __getitem__(self, index: int) -> RectifierCall: ...
    @overload
    def __getitem__(self, index: slice) -> RectifierReport: ...
    def __getitem__(self, index: int | slice) -> RectifierCall | RectifierReport:
        """A call by its number, or a part of the report."""
        return self._calls[index] if isinstance(index, int) else RectifierReport(self._calls[index])

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[RectifierCall]:
        return iter(self._calls)

    def counts(self) -> Counter[str]:
        """How many there are of each kind."""
        return Counter(call.kind for call in self)

    def escapes(self) -> str:
        """Where interception fails, in words, with both counts; nothing if it does not."""
        places: dict[tuple[str, str], list[str]] = {}
        for call in self:
            if not call.intercepted:
                places.setdefault((call.address, call.module), []).append(call.kind)
        seen = Counter(_owner(call.address.partition("#")[0]) for call in self if call.intercepted)
        return "; ".join(
            f"{address} ({module}) computes {len(kinds) + seen[address]} and {seen[address]} could be intercepted"
            f" (not: {', '.join(sorted(set(kinds)))})"
            for (address, module), kinds in places.items()
        )

    def __str__(self) -> str:
        rows = [("rectifier", "kind", "module", "intercepted"), *((c.address, c.kind, c.module, "yes" if c.intercepted else "NO") for c in self)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def survey(network: Network, images: Tensor | None = None) -> RectifierReport:
    """Two passes, one with every rectifier intercepted and one plain, whose graph is counted module by module.

    `images` are in the input frame, in 0..1, or already normalised ones that the network was given; noise by default.
    """
    if images is None:
        generator = torch.Generator().manual_seed(0)
        images = torch.rand(2, network.channels, *network.input_size, generator=generator).to(network.device)
    images = images.detach()[:1].requires_grad_()
    seen = _intercepted(network, images)
    return RectifierReport(_addressed(seen) + _escaped(network, images, seen))


def _intercepted(network: Network, images: Tensor) -> list[Rectifier]:
    interception = Interception(network, lambda z, grad, rectifier: rectifier.backward(z, grad))
    blank = Recorder([], set(), {}, Taps({}))
    with torch.enable_grad(), unintercepted(network._wiring, blank), intercepted(network._wiring, interception):
        network.run(images, frame="input")
    return interception.calls


def _addressed(seen: list[Rectifier]) -> list[RectifierCall]:
    counts = Counter(call.path for call in seen)
    return [
        RectifierCall(f"{call.path}#{call.number}" if counts[call.path] > 1 or call.path.endswith("()") else call.path, call.kind, call.module)
        for call in seen
    ]


def _escaped(network: Network, images: Tensor, seen: list[Rectifier]) -> list[RectifierCall]:
    """The plain graph's rectifiers that no interception accounts for, at the innermost module that computes them."""
    ledger = _Ledger()
    with torch.enable_grad(), unintercepted(network._wiring, ledger):
        network.run(images, frame="input")
    owned = Counter(_owner(call.path) for call in seen)
    rows = []
    for path, (module, names) in ledger.found.items():
        missing = len(names) - owned[path]
        odd = sorted(names, key=lambda name: name in KNOWN)
        where, kind = _scripted(network, path) or (path or "the network", module)
        rows += [RectifierCall(where, name, kind, intercepted=False) for name in odd[: max(missing, 0)]]
    return rows


def _owner(path: str) -> str:
    """The module that computes a rectifier: itself, or the one whose forward calls the function."""
    return path.rpartition(".")[0] if path.endswith("()") else path


def _scripted(network: Network, path: str) -> tuple[str, str] | None:
    """The first scripted module directly inside one: torch allows no hooks there, so its rectifiers show up around it."""
    inside = (name for name, module in network._wiring.modules.items() if isinstance(module, torch.jit.ScriptModule))
    return next(((name, "scripted") for name in inside if name.startswith(path and path + ".")), None)


KNOWN = {"Relu", "Hardtanh", "LeakyRelu", "Threshold", "Clamp", "ClampMin"}
"""Node names of rectifiers that are usually intercepted: of several in one module, the others are named first."""


class _Ledger:
    """Watches a plain pass; each rectifying node belongs to the first module, innermost first, whose output it feeds."""

    def __init__(self) -> None:
        self.open: list[set[Node]] = []
        self.assigned: set[Node] = set()
        self.found: dict[str, tuple[str, list[str]]] = {}

    def before(self, path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.open.append({tensor.grad_fn for _, tensor in leaves({"args": args, "kwargs": kwargs})})

    def after(self, path: str, module: nn.Module, output: Any) -> None:
        border = self.open.pop() - {None}
        ends = [tensor.grad_fn for _, tensor in leaves(output)]
        for node in walk(ends, border):
            if node not in self.assigned:
                self.assigned.add(node)
                if name := rectifies(node):
                    self.found.setdefault(path, (type(module).__name__, []))[1].append(name)
