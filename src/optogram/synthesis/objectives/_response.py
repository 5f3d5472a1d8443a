"""The response of a unit: its mean over places, or its value at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.network.site import Site, Unit

Where = Literal["mean", "centre"] | tuple[int, ...] | str


@dataclass(frozen=True, slots=True)
class Response:
    """One unit, over its places (`mean`; patch tokens only where there are others), in their middle, or at one place."""

    unit: Unit
    where: Where = "mean"

    @property
    def site(self) -> Site:
        """Where it is read."""
        return self.unit.site

    @property
    def raised(self) -> Unit:
        """The unit that rises with it."""
        return self.unit

    @staticmethod
    def measure(terms: Sequence[Response], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        places = site.places(activation)
        if any(term.unit.head for term in terms):
            units = torch.stack([_one(term, site, places[row]) for row, term in enumerate(terms)])
        else:
            rows = torch.arange(len(terms), device=places.device)
            units = places[rows, torch.tensor([term.unit.index for term in terms], device=places.device)]
        return gathered(units, site, activation, [term.where for term in terms])


def gathered(units: Float[Tensor, "row place"], site: Site, activation: Tensor, where: Sequence[Where]) -> Float[Tensor, " row"]:
    """Each row at its place, or its mean over places."""
    if site.layout == "vector":
        return units[:, 0]
    grid = site.grid_of(activation)
    if all(place == "mean" for place in where):
        return units[:, len(site.prefix) :].float().mean(1)
    flat = [None if place == "mean" else flat_place(site, grid, place) for place in where]
    if None not in flat:
        return units[torch.arange(len(units), device=units.device), torch.tensor(flat, device=units.device)]
    mean = units[:, len(site.prefix) :].mean(1)
    return torch.stack([mean[row] if place is None else units[row, place] for row, place in enumerate(flat)])


def flat_place(site: Site, grid: tuple[int, ...], where: Where) -> int:
    """The number of a place on the grid at hand, row by row."""
    if where != "centre":
        return site.flat_place(where, grid)
    if grid == site.grid:
        return site.flat_place(site.centre(), grid)
    middle = tuple(side // 2 for side in grid)
    return site.flat_place(middle, grid)


def _one(term: Response, site: Site, places: Float[Tensor, "unit place"]) -> Float[Tensor, " place"]:
    """One row's unit; an attention head's size where one is asked for."""
    if not term.unit.head:
        return places[term.unit.index]
    width = site.units // max(site.heads, 1)
    size: Tensor = torch.linalg.vector_norm(places[term.unit.index * width : (term.unit.index + 1) * width], dim=0)
    return size
