"""Receptive fields, measured on the unmodified network: the exact box of input pixels that can change a neuron.

Stripes of the input are poisoned with NaN, which every arithmetic operation hands on, whatever the weights; where it arrives,
the stripe can have an influence. One pass tells for every place of every site. Fields that move by a stride are measured on
inputs large enough to see their edges (a 435-pixel field cannot be seen on 224 pixels), and checked on an input of the usual
size; others place by place. Where an operation swallows NaN, large random changes in double precision take its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.geometry import Box
from optogram.network.extents import extents_along
from optogram.network.field import Extent, Field
from optogram.network.influence import DRAWS, Axis, Influence, Stripe, swallowed
from optogram.network.irregular import any_unit, tables
from optogram.network.network import Network
from optogram.network.site import Site, Unit


def measure(network: Network, unit: Unit) -> Box:
    """The field of a neuron in the input frame at the usual input size; of a unit without place, of its central neuron.

    It may leave the image (what lies outside is padding). `clipped` is set where the network takes no larger input and the
    field reaches the border of what could be seen. Masked attention counts as connected.
    """
    return field_of(network, unit.site).box(unit.place, None if unit.head else unit.index)


def measure_all(network: Network, sites: Sequence[Site]) -> dict[str, Box]:
    """The field of each site's central place, all units together, by address; a few hundred cheap passes for all of them."""
    return {address: field.box() for address, field in fields_of(network, sites).items()}


def boxes(network: Network, site: Site | str) -> Callable[[tuple[int, ...]], Box]:
    """The function from a site's places to their fields."""
    return field_of(network, site).box


def field_of(network: Network, site: Site | str) -> Field:
    """Every field of one site; kept with the network."""
    site = network.site(site) if isinstance(site, str) else site
    return fields_of(network, [site])[site.address]


def fields_of(network: Network, sites: Sequence[Site]) -> dict[str, Field]:
    """Every field of these sites by address, measured together, and kept with the network."""
    known = network.known_fields()
    absent = [site for site in sites if site.address not in known]
    if absent:
        known |= _measured(network, absent)
    return {site.address: known[site.address] for site in sites}


def _measured(network: Network, sites: Sequence[Site]) -> dict[str, Field]:
    influence = Influence(network, DRAWS if swallowed(network) else 0)
    found = _fields(influence, sites)
    if not influence.draws and not _holds(network, found):
        found = _fields(Influence(network, DRAWS), sites)
    return found


def _fields(influence: Influence, sites: Sequence[Site]) -> dict[str, Field]:
    """Those that see everything, those that follow a stride, and the rest."""
    height, width = influence.network.input_size
    found = _global(influence, [site for site in sites if len(site.grid) != 2])
    flat = [site for site in sites if site.address not in found and len(site.grid) == 2 and site.multiple == 1]
    rows, columns = (extents_along(influence, flat, axis) if flat else {} for axis in (0, 1))
    for site in flat:
        field = _regular(site, rows.get(site.address), columns.get(site.address))
        if field is not None:
            found[site.address] = field
    for address in _refuted(influence, found):
        del found[address]
    rest = [site for site in sites if site.address not in found]
    for address, table in tables(influence, rest).items() if rest else ():
        site = next(site for site in rest if site.address == address)
        everything = bool((table == np.array([0, 0, height, width])).all())
        refused = len(site.grid) == 2 and (address not in rows or address not in columns)
        found[address] = Field(site, table=table, clipped=refused and not everything)
    return found


def _global(influence: Influence, sites: Sequence[Site]) -> dict[str, Field]:
    """Vectors and tokens where the first and last row and column reach every unit at every place."""
    if not sites:
        return {}
    height, width = influence.network.input_size
    borders = [Stripe(0, 0, 1), Stripe(0, height - 1, height), Stripe(1, 0, 1), Stripe(1, width - 1, width)]
    seen = influence(sites, (height, width), borders, lambda site, marks: marks.isnan().flatten(1).all(1))
    whole = (Extent(0, height, 0),), (Extent(0, width, 0),)
    return {site.address: Field(site, *whole, group=(0,) * site.units) for site in sites if bool(seen[site.address].all())}


def _regular(site: Site, rows: list[Extent | None] | None, columns: list[Extent | None] | None) -> Field | None:
    if rows is None or columns is None or None in rows or None in columns:
        return None
    pairs = list(zip(rows, columns, strict=True))
    kinds = list(dict.fromkeys(pairs))
    tall, wide = tuple(row for row, _ in kinds if row), tuple(column for _, column in kinds if column)
    return Field(site, tall, wide, tuple(kinds.index(pair) for pair in pairs))


def _refuted(influence: Influence, found: dict[str, Field]) -> set[str]:
    """Fields that do not say what four stripes reach on an input of the usual size (windows, circular padding)."""
    height, width = influence.network.input_size
    fields = [field for field in found.values() if len(field.site.grid) == 2]
    if not fields:
        return set()
    refuted: set[str] = set()
    sides: tuple[tuple[Axis, int], ...] = ((0, height), (1, width))
    for axis, length in sides:
        stripes = [Stripe(axis, 0, (length + 1) // 2), Stripe(axis, length // 2, length)]
        seen = influence([field.site for field in fields], (height, width), stripes, partial(_both, axis))
        refuted |= {field.site.address for field in fields if not _agrees(field, stripes, seen[field.site.address], (height, width))}
    return refuted


def _both(axis: Axis, site: Site, marks: Float[Tensor, "stripe unit row column"]) -> Bool[Tensor, "stripe unit both place"]:
    """Whether a stripe reaches any, and whether it reaches all of the middle, of what lies across it."""
    along = marks.isnan() if axis == 0 else marks.isnan().transpose(2, 3)
    count = along.shape[3]
    return torch.stack((along.any(3), along[..., count // 3 : count - count // 3].all(3)), 2)


def _agrees(field: Field, stripes: Sequence[Stripe], seen: Bool[np.ndarray, "stripe unit both place"], size: tuple[int, int]) -> bool:
    """Holds for every place whose field lies on the image at the side in question; holes in a field matter only beyond it."""
    for stripe, observed in zip(stripes, seen, strict=True):
        extents = field.rows if stripe.axis == 0 else field.columns
        count, length = field.site.grid[stripe.axis], size[stripe.axis]
        for group, extent in enumerate(extents):
            first = extent.offset + extent.stride * np.arange(count)
            last = first + extent.size
            sure, reached = (first >= 0, first < stripe.last) if stripe.first == 0 else (last <= length, last > stripe.first)
            units = np.array(field.group) == group
            if (observed[units][:, :, :count] != reached)[:, :, sure].any():
                return False
    return True


def _holds(network: Network, found: dict[str, Field]) -> bool:
    """Whether a random change of half the image leaves alone whatever does not see that half (NaN may have been swallowed unseen)."""
    height, width = network.input_size
    chance = Influence(network, draws=1, double=False)
    stripes = [Stripe(0, 0, height // 2), Stripe(0, height // 2, height), Stripe(1, 0, width // 2), Stripe(1, width // 2, width)]
    fields = [field for field in found.values() if field.stride != (0, 0)]
    seen = chance([field.site for field in fields], (height, width), stripes, any_unit) if fields else {}
    for field in fields:
        edges = field.boxes()
        for stripe, changed in zip(stripes, seen[field.site.address], strict=True):
            apart = (edges[:, stripe.axis + 2] <= stripe.first) | (edges[:, stripe.axis] >= stripe.last)
            if (changed & apart).any():
                return False
    return True
