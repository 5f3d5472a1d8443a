"""Raises a class before the softmax, which would reward silencing the other classes instead."""

from __future__ import annotations

from optogram.errors import AddressError
from optogram.network.site import Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response


def logit(target: Unit) -> Objective:
    """The class's score (Simonyan, Vedaldi & Zisserman 2013). `AddressError` at a site with places, where nothing is a class."""
    if target.site.layout != "vector":
        raise AddressError(f'{target.address} has {target.site.describe_grid()}, so it is no class; use objective="unit" or "neuron"')
    return Objective(((1.0, Response(target, "mean")),), target.address, target)
