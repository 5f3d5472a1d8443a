"""Raises a class's probability after the softmax, which also rewards silencing the other classes: compare with `logit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import AddressError
from optogram.network.site import Site, Unit
from optogram.synthesis.objectives._objective import Objective


@dataclass(frozen=True, slots=True)
class Softmax:
    """The probability of a class among those of its site, whose values are taken as logits."""

    unit: Unit

    @property
    def site(self) -> Site:
        """Where it is read."""
        return self.unit.site

    @staticmethod
    def measure(terms: Sequence[Softmax], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        shares = torch.softmax(site.places(activation)[:, :, 0].float(), dim=1)
        return shares[torch.arange(len(terms)), torch.tensor([term.unit.index for term in terms])]


def probability(target: Unit) -> Objective:
    """softmax(y)[class] (Simonyan, Vedaldi & Zisserman 2013 raise the logit instead, and say why). `AddressError` at a site with places."""
    if target.site.layout != "vector":
        raise AddressError(f'{target.address} has {target.site.describe_grid()}, so it is no class; use objective="unit" or "neuron"')
    return Objective(((1.0, Softmax(target)),), f"{target.address} probability")
