"""Regular fields along one axis, found on inputs long enough to see where they begin and where they end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.network.field import Extent
from optogram.network.influence import Axis, Influence, Reduce, Stripe
from optogram.network.site import Site

NARROW = (32, 64)
LONGEST = 2048
Seen = Int[np.ndarray, "stripe unit 3"]
"""First and last place that a stripe reaches, and the number of places along the axis."""


def extents_along(influence: Influence, sites: Sequence[Site], axis: Axis) -> dict[str, list[Extent | None]]:
    """For each site an extent per unit: stride 0 where every place sees everything, `None` where places are not regular.

    Sites that are not reached on an input long enough are left out. A stripe from the border to t changes place p just if
    p's field begins before t: the last place changed, over a stride's worth of t, tells where fields begin; stripes to the
    other border tell where they end. So the input needs to be longer than half the field, but for a few strides.
    """
    usual = influence.network.input_size
    found: dict[str, list[Extent | None]] = {}
    refused: set[str] = set()
    for length in _lengths(usual[axis]):
        left = [site for site in sites if site.address not in found and site.address not in refused]
        for size in _sizes(length, usual, axis):
            if left:
                seen = influence(left, size, _stripes(axis, length, [min(3 * _reach(left, usual, axis), length - 1)]), _span(axis))
                ready = [site for site in left if site.address in seen and _fits(seen[site.address])]
                found |= _measured(influence, ready, size, axis, _reach(ready, usual, axis)) if ready else {}
                left = [site for site in left if site.address not in seen]
        refused |= {site.address for site in left}
    whole = [site for site in sites if site.address not in found and site.address not in refused]
    return found | {site.address: [Extent(0, usual[axis], 0)] * site.units for site in whole}


def _measured(influence: Influence, sites: Sequence[Site], size: tuple[int, int], axis: Axis, reach: int) -> dict[str, list[Extent | None]]:
    length = size[axis]
    depths = np.arange(reach, min(3 * reach + 1, length))
    seen = influence(sites, size, _stripes(axis, length, depths.tolist()), _span(axis))
    return {address: _fitted(value, depths, length) for address, value in seen.items()}


def _fitted(seen: Seen, depths: Int[np.ndarray, " depth"], length: int) -> list[Extent | None]:
    """One extent a unit; units with the same observations share the work."""
    fits: dict[bytes, Extent | None] = {}
    found = []
    for pattern in np.ascontiguousarray(seen.transpose(1, 0, 2)):
        key = pattern.tobytes()
        if key not in fits:
            fits[key] = _fit(pattern.reshape(2, len(depths), 3), depths, length)
        found.append(fits[key])
    return found


def _fit(pattern: Int[np.ndarray, "end depth 3"], depths: Int[np.ndarray, " depth"], length: int) -> Extent | None:
    """The one stride and the edges that explain every observation, if there are such."""
    count = int(pattern[0, 0, 2])
    last, first = pattern[0, :, 1], count - 1 - pattern[1, :, 0]
    if (last == count - 1).all() and (first == count - 1).all():
        return Extent(0, length, 0)
    begin, end = _steps(last, depths, count), _steps(first, depths, count)
    if begin is None or end is None or begin[1] != end[1]:
        return None
    offset, stride = begin
    return Extent(offset, length - end[0] - stride * (count - 1) - offset, stride)


def _steps(reached: Int[np.ndarray, " depth"], depths: Int[np.ndarray, " depth"], count: int) -> tuple[int, int] | None:
    """The o and s with reached(t) = min(count - 1, floor((t - 1 - o) / s)) for every t, if there are such; told by two steps."""
    steps = np.flatnonzero(np.diff(reached) > 0) + 1
    if len(steps) < 2:
        return None
    stride = int(depths[steps[1]] - depths[steps[0]])
    offset = int(depths[steps[0]]) - 1 - stride * int(reached[steps[0]])
    return (offset, stride) if np.array_equal(reached, np.minimum(count - 1, (depths - 1 - offset) // stride)) else None


def _fits(seen: Seen) -> bool:
    """Whether some place is not changed by a deep stripe from either border, for every unit that is not changed all over."""
    after, before = seen[0, :, 1] < seen[0, :, 2] - 1, seen[1, :, 0] > 0
    return bool((after & before).all())


def _stripes(axis: Axis, length: int, depths: Sequence[int]) -> list[Stripe]:
    return [Stripe(axis, 0, depth) for depth in depths] + [Stripe(axis, length - depth, length) for depth in depths]


def _span(axis: Axis) -> Reduce:
    def reduce(site: Site, marks: Float[Tensor, "stripe unit *grid"]) -> Int[Tensor, "stripe unit 3"]:
        along = marks.sum(dim=3 - axis).isnan()
        count = along.shape[-1]
        place = torch.arange(count, device=along.device)
        first = torch.where(along, place, count).amin(-1)
        last = torch.where(along, place, -1).amax(-1)
        return torch.stack((first, last, torch.full_like(first, count)), -1)

    return reduce


def _reach(sites: Sequence[Site], size: tuple[int, int], axis: Axis) -> int:
    """A bound on the strides of these sites, in pixels."""
    return max(-(-size[axis] // site.grid[axis]) for site in sites)


def _lengths(usual: int) -> list[int]:
    """The usual length, and twice as long again and again."""
    return [usual * 2**times for times in range(12) if times == 0 or usual * 2**times <= LONGEST]


def _sizes(length: int, usual: tuple[int, int], axis: Axis) -> list[tuple[int, int]]:
    """Narrow inputs first (what lies across does not matter), the usual breadth for networks that need it."""
    breadths = sorted({*(narrow for narrow in NARROW if narrow < usual[1 - axis]), usual[1 - axis]})
    return [(length, breadth) if axis == 0 else (breadth, length) for breadth in breadths]
