"""What a map explains: a unit, neuron, class, direction, or the contrast of two units, as one number a photograph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.errors import AddressError, InputError, SettingError
from optogram.network.address import placed
from optogram.network.site import Site, Unit

if TYPE_CHECKING:
    from optogram.network.network import Network

Reduce = Literal["max", "mean", "sum"]
REDUCTIONS = ("max", "mean", "sum")
Places = tuple[Tensor, ...]
"""For each term, the number of the place that each photograph's response is read from."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a target: a unit or neuron, or a linear combination of a site's units, times `sign`."""

    site: Site
    unit: Unit | None = None
    direction: Float[Tensor, "unit"] | None = None
    sign: float = 1.0

    def activations(self, raw: Float[Tensor, "..."]) -> Float[Tensor, "batch place"]:
        """The term at every place, or at its own place alone."""
        if self.unit is None:
            assert self.direction is not None
            return torch.einsum("bup,u->bp", self.site.places(raw), self.direction.to(raw))
        one = self.site.select(raw, self.unit)
        return one.reshape(one.shape[0], -1)


@dataclass(frozen=True, slots=True)
class Target:
    """A number for each photograph: the sum of its terms, each reduced over places."""

    text: str
    terms: tuple[Term, ...]
    reduce: Reduce = "max"

    @property
    def addresses(self) -> tuple[str, ...]:
        """The sites to tap."""
        return tuple(dict.fromkeys(term.site.address for term in self.terms))

    @property
    def order(self) -> int:
        """When the first of its sites is computed."""
        return min(term.site.order for term in self.terms)

    @property
    def last(self) -> int:
        """When the last of its sites is computed: what comes later has no part in the response."""
        return max(term.site.order for term in self.terms)

    @property
    def mixed(self) -> bool:
        """Whether it may count against units, so that a method of positive parts has a map with signs."""
        return any(term.unit is None or term.sign < 0 for term in self.terms)

    def responses(self, raws: Mapping[str, Tensor], places: Places | None = None) -> tuple[Float[Tensor, "batch"], Places]:
        """The response to each photograph, and where each term was read; given `places` are kept."""
        total, found = None, []
        for number, term in enumerate(self.terms):
            flat = term.activations(raws[term.site.address])
            place = places[number] if places is not None else flat.detach().argmax(dim=1)
            found.append(place)
            one = _reduced(flat, self.reduce, place) * term.sign
            total = one if total is None else total + one
        assert total is not None
        return total, tuple(found)

    def located(self, places: Places, raw_grids: Mapping[str, tuple[int, ...]]) -> list[str]:
        """For each photograph, the place that was read, as an address writes it; nothing where the target has no choice of place."""
        rows = []
        for row in range(len(places[0])):
            texts = []
            for term, place in zip(self.terms, places, strict=True):
                grid = raw_grids[term.site.address]
                free = self.reduce == "max" and (term.unit is None or term.unit.place is None) and grid not in ((), (1,), (1, 1))
                texts.append(placed(_shown(term.site, int(place[row]), grid)) if free else "")
            rows.append(" ".join(texts).strip())
        return rows


def read_target(network: Network, target: Any, reduce: str = "max") -> Target:
    """From what a user wrote: an address or a class's label, one with a minus (against), a pair or `"a - b"` (contrast), or (site, vector)."""
    if reduce not in REDUCTIONS:
        raise SettingError(f'reduce is one of {", ".join(REDUCTIONS)}; got "{reduce}"')
    chosen: Reduce = reduce  # type: ignore[assignment]
    if isinstance(target, Unit):
        target = target.address
    if isinstance(target, str):
        return _named(network, target, chosen)
    if isinstance(target, Sequence) and len(target) == 2 and all(isinstance(part, str | Unit) for part in target):
        up, down = (part.address if isinstance(part, Unit) else part for part in target)
        return _contrast(network, up, down, chosen)
    if isinstance(target, Sequence) and len(target) == 2 and isinstance(target[0], str | Site):
        return _direction(network, target[0], target[1], chosen)
    raise InputError(
        f'a target is an address such as "layer3:12" or "fc:tabby", "-fc:tabby" (what speaks against it), a pair of them (why this and not that), '
        f"or (site, vector); got {target!r:.80}"
    )


def _named(network: Network, text: str, reduce: Reduce) -> Target:
    try:
        unit = network.unit(text)
    except AddressError:
        up, minus, down = text.partition(" - ")
        if minus:
            return _contrast(network, up.strip(), down.strip(), reduce)
        if not text.startswith("-"):
            raise
        unit = network.unit(text[1:].strip())
        return Target(f"-{unit}", (Term(unit.site, unit, sign=-1.0),), reduce)
    return Target(str(unit), (Term(unit.site, unit),), reduce)


def _contrast(network: Network, up: str, down: str, reduce: Reduce) -> Target:
    first, second = network.unit(up), network.unit(down)
    return Target(f"{first} - {second}", (Term(first.site, first), Term(second.site, second, sign=-1.0)), reduce)


def _direction(network: Network, address: str | Site, vector: Any, reduce: Reduce) -> Target:
    site = network.site(address.address if isinstance(address, Site) else address)
    weights = torch.as_tensor(np.asarray(vector.detach().cpu() if isinstance(vector, Tensor) else vector))
    if weights.ndim != 1 or len(weights) != site.units or not bool(torch.isfinite(weights).all()):
        raise InputError(f"a direction at {site.address} has {site.units} finite numbers; got an array of shape {tuple(weights.shape)}")
    return Target(f"{site.address}:direction", (Term(site, direction=weights.float()),), reduce)


def _reduced(flat: Float[Tensor, "batch place"], reduce: Reduce, place: Int[Tensor, "batch"]) -> Float[Tensor, "batch"]:
    if reduce == "max" or flat.shape[1] == 1:
        return flat.gather(1, place[:, None])[:, 0]
    return flat.mean(dim=1) if reduce == "mean" else flat.sum(dim=1)


def _shown(site: Site, flat: int, grid: tuple[int, ...]) -> tuple[int, ...] | str:
    if site.patch_grid and len(grid) == 1:
        if flat < len(site.prefix):
            return site.prefix[flat]
        return divmod(flat - len(site.prefix), site.patch_grid[1])
    return site.place_at(flat, grid)
