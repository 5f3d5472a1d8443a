"""What an objective is: a weighted sum of terms, each a number per picture read off one site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.network.site import Site, Unit


@runtime_checkable
class Term(Protocol):
    """One number per picture, read off one site. Terms of one type at one site are measured together, a term a row.

    While a picture climbs, a rectified site is read before its rectifier, where a silent unit has a gradient; a term with a
    true `exact` attribute is read where it says. One with an attribute `size` needs a picture of that height and width. One with an
    attribute `raised` is about that unit alone: where it stays at zero the picture is a dead start.
    """

    @property
    def site(self) -> Site:
        """Where it is read."""

    @staticmethod
    def measure(terms: Sequence[Any], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i of a raw activation of `site` (which may be the pre-activation of the terms' own)."""


@dataclass(frozen=True, slots=True)
class Objective:
    """sum_i weight_i term_i, to be raised.

    Objectives add, subtract and scale; a sum never rescales its terms. `name` says in words what it is, and seeds the
    start of its picture unless `start` does. `unit` is the unit asked for, where there is one. Objectives that share a
    `family` are climbed side by side in one batch, because each looks at the others' pictures. `told`: terms
    whose sum is reported of the finished picture, where that is not the objective itself.
    """

    terms: tuple[tuple[float, Term], ...]
    name: str
    unit: Unit | None = None
    start: str = ""
    family: str = ""
    told: tuple[tuple[float, Term], ...] = ()

    def __add__(self, other: Objective) -> Objective:
        return Objective(self.terms + other.terms, f"{self.name} + {other.name}", family=self.family or other.family)

    def __sub__(self, other: Objective) -> Objective:
        return Objective(self.terms + (-other).terms, f"{self.name} - ({other.name})", family=self.family or other.family)

    def __mul__(self, factor: float | int) -> Objective:
        terms = tuple((weight * factor, term) for weight, term in self.terms)
        return replace(self, terms=terms, name=f"{factor:g} ({self.name})")

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return replace(self, terms=tuple((-weight, term) for weight, term in self.terms), name=f"-({self.name})")

    def __truediv__(self, divisor: float | int) -> Objective:
        return self * (1 / divisor)

    @property
    def sites(self) -> tuple[Site, ...]:
        """The sites that it reads, each once."""
        return tuple({term.site.address: term.site for _, term in self.terms}.values())

    @property
    def reported(self) -> Objective:
        """What is told of a finished picture."""
        return replace(self, terms=self.told) if self.told else self


Read = Callable[[Any], tuple[Site, Tensor]]
"""Gives, for a term, the site that is really read (the pre-activation, say) and its raw activation."""


def measure(objectives: Sequence[Objective], read: Read) -> Float[Tensor, " row"]:
    """The value of objective i for picture i; terms of one kind are read together, whatever their rows."""
    groups: Mapping[tuple[type, str, bool], list[tuple[int, float, Term]]] = defaultdict(list)
    for row, objective in enumerate(objectives):
        for weight, term in objective.terms:
            groups[type(term), term.site.address, bool(getattr(term, "exact", False))].append((row, weight, term))
    total: Tensor | None = None
    for members in groups.values():
        rows, weights, terms = zip(*members, strict=True)
        site, activation = read(terms[0])
        part = _part(list(rows), weights, terms, site, activation, len(objectives))
        total = part if total is None else total + part
    if total is None:
        raise ValueError("an objective has at least one term")
    return total


def _part(rows: list[int], weights: Sequence[float], terms: Sequence[Term], site: Site, activation: Tensor, count: int) -> Tensor:
    """The weighted values of some terms, put where their rows are; plain where every row has exactly one."""
    whole = rows == list(range(count))
    if not whole:
        activation = _rows(site, activation, rows)
    values = terms[0].measure(terms, site, activation).float()
    values = values * torch.tensor(weights, dtype=values.dtype, device=values.device)
    return values if whole else torch.zeros(count, device=values.device).index_add(0, torch.tensor(rows, device=values.device), values)


def _rows(site: Site, activation: Tensor, rows: list[int]) -> Tensor:
    """The rows of a raw activation that belong to these pictures; windowed sites have several a picture."""
    index = torch.tensor(rows, device=activation.device)
    if site.batch_axis == 1:
        return activation[:, index]
    if site.multiple == 1:
        return activation[index]
    return activation.reshape(-1, site.multiple, *activation.shape[1:])[index].flatten(0, 1)
