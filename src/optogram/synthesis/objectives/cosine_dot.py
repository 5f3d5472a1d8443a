"""Raises a direction and how purely it is that direction: the dot product times a power of the cosine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import InputError
from optogram.network.site import Site, Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Where, gathered
from optogram.synthesis.objectives.direction import hash_of

LEAST = 0.1
"""The cosine counts as at least this, so that a start at a right angle has a slope."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """<v, y> max(.1, cos(v, y))^power over places, in their middle, or at one place."""

    site: Site
    vector: tuple[float, ...]
    power: float
    where: Where

    @property
    def raised(self) -> Unit | None:
        """The unit that rises with it, where the vector is one unit's axis."""
        axes = [index for index, weight in enumerate(self.vector) if weight]
        return Unit(self.site, axes[0]) if len(axes) == 1 and self.vector[axes[0]] > 0 else None

    @staticmethod
    def measure(terms: Sequence[Alignment], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        places = site.places(activation).float()
        vectors = torch.tensor([term.vector for term in terms], device=places.device)
        dot = torch.einsum("rup,ru->rp", places, vectors)
        lengths = torch.linalg.vector_norm(places, dim=1) * torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
        cosine = (dot / lengths.clamp_min(1e-12)).clamp_min(LEAST)
        powers = torch.tensor([[term.power] for term in terms], device=places.device)
        return gathered(dot * cosine**powers, site, activation, [term.where for term in terms])


def cosine_dot(target: Site | Unit, vector: Float[np.ndarray, " unit"] | Sequence[float] | None = None, power: float = 2.0) -> Objective:
    """mean over places of <v, y> max(.1, cos(v, y))^power (Carter, Armstrong, Schubert, Johnson & Olah 2019).

    Of a unit, v is its own axis: the picture drives it and little else of its site; with a place, there only. Of a site, `vector`
    has one weight a unit. `power` 0 is the objective `direction`.
    """
    if isinstance(target, Unit):
        axis = np.zeros(target.site.units)
        axis[target.index] = 1.0
        where: Where = "mean" if target.place is None else target.place
        return Objective(((1.0, Alignment(target.site, tuple(axis.tolist()), power, where)),), f"{target.address} cosine^{power:g} dot")
    if vector is None or len(vector) != target.units:
        raise InputError(f"a direction at {target.address} has {target.units} weights, one a unit; got {'none' if vector is None else len(vector)}")
    weights = tuple(float(weight) for weight in vector)
    return Objective(((1.0, Alignment(target, weights, power, "mean")),), f"{target.address}:direction {hash_of(weights)} cosine^{power:g} dot")
