"""Operations of a network that a method has no rule for: refused by name, with the module that computes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor

from optogram.attribution._question import Question
from optogram.errors import NotDefinedError
from optogram.network.operations import Operator, unruled_nodes
from optogram.network.rectifier_nodes import Node, walk
from optogram.network.tap import Taps

if TYPE_CHECKING:
    from optogram.network.network import Network


def refuse_unruled(
    question: Question,
    operator: Operator,
    run: Callable[[], None],
    taps: Taps,
    ours: tuple[type, ...],
    instead: str,
    *,
    piecewise: bool = True,
    weighted: bool = False,
) -> None:
    """Raises `NotDefinedError` where the graph behind the target holds what is neither linear nor ours (`network/operations.py`).

    `run` is the pass once more, inside the same tap: only then is it known which module computed what.
    """

    def found() -> dict[Node, str]:
        ends = [taps[address].grad_fn for address in question.target.addresses]
        return dict(unruled_nodes([end for end in ends if end is not None], ours, piecewise, weighted))

    if not found():
        return
    owners = Owners(question.network, operator)
    with question.network.operated_by(owners):
        run()
    places: dict[str, list[str]] = {}
    for node, name in list(found().items())[::-1]:
        places.setdefault(name, []).append(owners.found.get(node, ""))
    told = ", ".join(sorted(_told(name, where) for name, where in places.items()))
    raise NotDefinedError(f"{question.method} has no rule for {told}, which this network computes. Use {instead}.")


class Owners:
    """An operator that does as another does, and notes the module in which each node of the graph arose."""

    def __init__(self, network: Network, operator: Operator) -> None:
        self.network, self.operator = network, operator
        self.found: dict[Node, str] = {}

    def __call__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Stands in for one call of a torch function."""
        output = self.operator(function, args, kwargs)
        tensors = [one for one in (output if isinstance(output, tuple | list) else [output]) if isinstance(one, Tensor)]
        for node in walk([one.grad_fn for one in tensors], set(self.found)):
            self.found[node] = self._where()
        return output

    def _where(self) -> str:
        stack = getattr(self.network._wiring.observer, "stack", [])
        return f"{stack[-1][0] or 'the network'} ({type(stack[-1][2]).__name__})" if stack else ""


def _told(name: str, where: list[str]) -> str:
    places = list(dict.fromkeys(place for place in where if place))
    if not places:
        return name
    return f"{name} in {places[0]}" + (f" and {len(places) - 1} more" if len(places) > 1 else "")
