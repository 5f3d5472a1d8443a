"""Raises one unit while another falls: what tells two alike units apart?"""

from __future__ import annotations

from dataclasses import replace

from optogram.network.site import Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.objectives.unit import unit

NEEDS = "needs two units: give contrast(net.unit(up), net.unit(down))"


def contrast(up: Unit, down: Unit, weight: float = 1.0) -> Objective:
    """y[up] - weight y[down], means over places or neurons where the addresses have places; both are read before their rectifiers."""
    rising, falling = (unit(one) if one.place is None else neuron(one) for one in (up, down))
    both = rising - weight * falling
    return replace(both, name=f"{rising.name} against {falling.name}")
