"""Raises a unit at one place: the picture is what drives it, once."""

from __future__ import annotations

from optogram.network.site import Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response


def neuron(target: Unit) -> Objective:
    """y[unit, place]; without a place in the address, the place in the middle."""
    where = "centre" if target.place is None else target.place
    name = target.address if target.place is not None else f"{target.address}@centre"
    return Objective(((1.0, Response(target, where)),), name, target)
