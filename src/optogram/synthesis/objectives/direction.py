"""Raises a linear combination of a site's units: a direction need not be along one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import InputError
from optogram.network.site import Site
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Where, gathered

NEEDS = 'needs a site and a vector: give direction(net.site("layer3"), vector)'


@dataclass(frozen=True, slots=True)
class Projection:
    """<vector, y> over places, in their middle, or at one place."""

    site: Site
    vector: tuple[float, ...]
    where: Where = "mean"

    @staticmethod
    def measure(terms: Sequence[Projection], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        places = site.places(activation)
        vectors = torch.tensor([term.vector for term in terms], dtype=places.dtype, device=places.device)
        along = torch.einsum("rup,ru->rp", places, vectors)
        return gathered(along, site, activation, [term.where for term in terms])


def direction(site: Site, vector: Float[np.ndarray, " unit"] | Sequence[float], where: Where = "mean", name: str = "") -> Objective:
    """mean over places of <vector, y>, or at one place; `vector` has one weight per unit of the site."""
    weights = tuple(float(weight) for weight in vector)
    if len(weights) != site.units:
        raise InputError(f"a direction at {site.address} has {site.units} weights, one a unit; got {len(weights)}")
    label = name or f"{site.address}:direction {hash_of(weights)}"
    return Objective(((1.0, Projection(site, weights, where)),), label)


def hash_of(weights: Sequence[float]) -> str:
    """Eight hexadecimal digits that name a vector."""
    import hashlib

    return hashlib.blake2b(np.asarray(weights, np.float32).tobytes(), digest_size=4).hexdigest()
