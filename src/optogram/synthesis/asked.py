"""From what a person asks for to objectives: addresses, ranges, classes, units, composed objectives."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import chain

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.network.site import Unit
from optogram.registry import Registry
from optogram.synthesis.objectives._objective import Objective

OBJECTIVES = Registry("optogram.synthesis.objectives", "objective")

Asked = str | Unit | Objective
Make = Callable[[Unit], Objective]


def objectives_of(net: Network, asked: Asked | Sequence[Asked], objective: str | Make | None = None, usual: str | None = None) -> list[Objective]:
    """One objective for each unit asked for, in order; a bare site stands for all its units, a range for those in it.

    An objective that is composed already stays as it is. Without a name, an address with a place is a neuron, others are units, or what is `usual`.
    """
    one = isinstance(asked, str | Unit | Objective)
    items: Sequence[Asked] = [asked] if one else asked  # type: ignore[list-item, assignment]
    if not items:
        raise SettingError("synthesize needs at least one unit; got none. Write an address such as layer3:12, or several in a list")
    return list(chain.from_iterable(_some(net, item, objective, usual) for item in items))


def _some(net: Network, item: Asked, objective: str | Make | None, usual: str | None) -> list[Objective]:
    if isinstance(item, Objective):
        return [item]
    whole = objective or usual
    if isinstance(item, str) and whole == "site":
        return [OBJECTIVES.get("site")(net.unit(item) if ":" in item else net.site(item))]
    found = [item] if isinstance(item, Unit) else net.units(item)
    return [_make(unit, objective, usual)(unit) for unit in found]


def _make(unit: Unit, objective: str | Make | None, usual: str | None) -> Make:
    if objective is None:
        objective = "neuron" if unit.place is not None else usual or "unit"
    if not isinstance(objective, str):
        return objective
    make: Make = OBJECTIVES.get(objective)
    needs = getattr(sys.modules[make.__module__], "NEEDS", None)
    if needs:
        raise SettingError(f'"{objective.replace("-", "_")}" {needs} in place of the units')
    return make
