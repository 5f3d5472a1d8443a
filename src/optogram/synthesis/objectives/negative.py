"""Lowers a unit: the picture is what it likes least, read before its rectifier."""

from __future__ import annotations

from optogram.network.site import Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.objectives.unit import unit


def negative(target: Unit) -> Objective:
    """Minus the unit's mean over places, or minus the neuron where the address has a place."""
    return -(unit(target) if target.place is None else neuron(target))
