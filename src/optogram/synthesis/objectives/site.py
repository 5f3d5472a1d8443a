"""Raises everything that a site already does: what it sees is seen more strongly (DeepDream)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.network.site import Site, Unit
from optogram.synthesis.objectives._objective import Objective


@dataclass(frozen=True, slots=True)
class Squares:
    """The mean of y^2 over units and places, or over one unit's places; read after the rectifier, where the site says."""

    site: Site
    unit: int | None = None
    exact: ClassVar[bool] = True

    @staticmethod
    def measure(terms: Sequence[Squares], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        squares = site.places(activation).float().square().mean(2)
        return torch.stack([row.mean() if term.unit is None else row[term.unit] for row, term in zip(squares, terms, strict=True)])


def site(target: Site | Unit) -> Objective:
    """mean y^2 over a site's units and places (Mordvintsev, Olah & Tyka 2015), or over one unit's places.

    The sum of squares of the original divided by its number of terms, which changes no picture.
    """
    if isinstance(target, Unit):
        return Objective(((1.0, Squares(target.site, target.index)),), f"{target.address} squared")
    return Objective(((1.0, Squares(target)),), target.address)
