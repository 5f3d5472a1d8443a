"""Brings a unit to a given response: what does half of the way look like?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.network.site import Site, Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response, Where

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep

NEEDS = "needs a response to reach: give intermediate(net.unit(address), value) or quantiles(net.unit(address), sweep)"


@dataclass(frozen=True, slots=True)
class Miss:
    """-(y - value)^2, y a unit's mean over places or a neuron, before its rectifier."""

    unit: Unit
    where: Where
    value: float

    @property
    def site(self) -> Site:
        """Where it is read."""
        return self.unit.site

    @staticmethod
    def measure(terms: Sequence[Miss], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        responses = Response.measure([Response(term.unit, term.where) for term in terms], site, activation).float()
        return -(responses - torch.tensor([term.value for term in terms], device=responses.device)).square()


def intermediate(target: Unit, value: float) -> Objective:
    """-(y - value)^2: reaches 0 where the unit responds just so; without a place in the address, of its mean over places."""
    where: Where = "mean" if target.place is None else target.place
    told = ((1.0, Response(target, where)),)
    return Objective(((1.0, Miss(target, where, float(value))),), f"{target.address} at {value:.4g}", told=told)


def quantiles(target: Unit, sweep: Sweep, shares: Sequence[float] = (0.1, 0.5, 0.9)) -> list[Objective]:
    """The unit at these quantiles of its responses to the photographs: of their means over places, or, for a neuron, of their greatest neurons.

    `SettingError` where the sweep did not read the site.
    """
    site = target.site
    if site.address not in sweep.sites:
        raise SettingError(f"the sweep did not read {site.address}; name it in og.sweep(..., sites=[...])")
    read = sweep.panel.mean if target.place is None and site.layout != "vector" else sweep.panel.greatest
    responses = read(site.address)[:, target.index]
    return [intermediate(target, float(np.quantile(responses, share))) for share in shares]
