"""Raises a unit's mean over all places: the picture becomes a texture of what drives it."""

from __future__ import annotations

from optogram.network.site import Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response


def unit(target: Unit) -> Objective:
    """mean over places of y[unit]; a place in the address is not looked at (the objective `neuron` does)."""
    plain = Unit(target.site, target.index, None, target.head)
    return Objective(((1.0, Response(plain, "mean")),), plain.address, plain)
