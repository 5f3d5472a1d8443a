"""Fields of places that follow no stride (windows, tokens, rolled borders): each edge by bisection, all places at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.network.influence import Axis, Influence, Stripe
from optogram.network.site import Site

Known = dict[int, dict[str, np.ndarray]]


def tables(influence: Influence, sites: Sequence[Site]) -> dict[str, Int[np.ndarray, "place 4"]]:
    """Top, left, bottom, right of every place of each site on an input of the usual size, all units together.

    A growing stripe changes more and more places; only where two stripes differ is one between them tried.
    """
    size = influence.network.input_size
    edges = {(axis, end): _edges(influence, sites, size, axis, end) for axis in (0, 1) for end in (False, True)}
    found = {}
    for site in sites:
        sides = [edges[key][site.address] for key in ((0, False), (1, False), (0, True), (1, True))]
        table = np.stack(sides, 1)
        table[(table[:, 2] <= table[:, 0]) | (table[:, 3] <= table[:, 1])] = 0
        found[site.address] = table
    return found


def _edges(influence: Influence, sites: Sequence[Site], size: tuple[int, int], axis: Axis, end: bool) -> dict[str, Int[np.ndarray, " place"]]:
    length = size[axis]

    def look(depths: Sequence[int]) -> Known:
        stripes = [Stripe(axis, length - depth, length) if end else Stripe(axis, 0, depth) for depth in depths]
        seen = influence(sites, size, stripes, any_unit)
        return {depth: {address: value[index] for address, value in seen.items()} for index, depth in enumerate(depths)}

    known = look([1, length])
    while between := _between(known):
        known |= look(between)
    return {site.address: _read(known, site.address, length, end) for site in sites}


def _between(known: Known) -> list[int]:
    """Depths halfway between neighbours that differ for some site."""
    depths = sorted(known)
    pairs = [(low, high) for low, high in pairwise(depths) if high - low > 1]
    return [(low + high) // 2 for low, high in pairs if any(not np.array_equal(known[low][site], known[high][site]) for site in known[low])]


def _read(known: Known, address: str, length: int, end: bool) -> Int[np.ndarray, " place"]:
    """The least depth that changes each place, as a pixel's edge; a place that nothing changes gets an empty span."""
    depths = sorted(known)
    changed = np.maximum.accumulate(np.stack([known[depth][address] for depth in depths]), axis=0)
    least: Int[np.ndarray, " place"] = np.array([*depths, length + 1])[changed.shape[0] - changed.sum(0)]
    return length - least + 1 if end else least - 1


def any_unit(site: Site, marks: Float[Tensor, "stripe unit *grid"]) -> Bool[Tensor, "stripe place"]:
    """Whether any unit of a place is changed; places row by row."""
    return marks.sum(1).isnan().reshape(marks.shape[0], -1)
