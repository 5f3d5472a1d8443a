"""Small sets sorted into kinds, many sets at once: average linkage, as many kinds as the silhouette says.

A loop over sets would cost what a claim is allowed to cost for all of its work: there are as many sets as units, halves and twins.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

MOST, LEAST_OF_A_KIND = 5, 3


def sorted_by_kind(apart: Float[np.ndarray, "set one other"]) -> Int[np.ndarray, "set one"]:
    """The kind of each member, from 0: as many kinds as have the greatest silhouette, 2 to 5, none of fewer than three.

    `apart`: distances, symmetric, 0 to oneself. Where every division has a smaller kind than that, the one in two by Ward's rule.
    """
    best = np.full(len(apart), -np.inf)
    found = np.zeros(apart.shape[:2], np.int64)
    # Fewest kinds first, so that of equal silhouettes the one with fewer is taken.
    for kind in [*divisions(apart, MOST)][::-1]:
        sizes = (kind[:, :, None] == np.arange(MOST)).sum(axis=1)
        fits = (sizes == 0).astype(int) * LEAST_OF_A_KIND + sizes >= LEAST_OF_A_KIND
        good = np.where(fits.all(axis=1), silhouettes(apart, kind), -np.inf)
        better = good > best
        best[better], found[better] = good[better], kind[better]
    none = np.isneginf(best)
    if none.any():
        found[none] = [*divisions(apart[none], 2, ward=True)][-1]
    return found


def divisions(apart: Float[np.ndarray, "set one other"], most: int, *, ward: bool = False) -> Iterator[Int[np.ndarray, "set one"]]:
    """Each set in `most` kinds, then one fewer, and so on to two: the nearest two are joined, by the mean distance or by Ward's rule.

    Lance and Williams (1967): distances to the joined are made from those to the parts.
    """
    count, members = apart.shape[:2]
    near = apart.astype(np.float64) ** (2 if ward else 1)
    near[:, np.arange(members), np.arange(members)] = np.inf
    size = np.ones((count, members))
    slot = np.tile(np.arange(members), (count, 1))
    sets = np.arange(count)
    for left in range(members - 1, 1, -1):
        one, other = np.divmod(near.reshape(count, -1).argmin(axis=1), members)
        one, other = np.minimum(one, other), np.maximum(one, other)
        first, second, both = size[sets, one][:, None], size[sets, other][:, None], near[sets, one, other][:, None]
        if ward:
            new = ((size + first) * near[sets, one] + (size + second) * near[sets, other] - size * both) / (size + first + second)
        else:
            new = (first * near[sets, one] + second * near[sets, other]) / (first + second)
        new[sets, one] = np.inf
        near[sets, one], near[sets, :, one] = new, new
        near[sets, other], near[sets, :, other] = np.inf, np.inf
        size[sets, one] += size[sets, other]
        slot = np.where(slot == other[:, None], one[:, None], slot)
        if left <= most:
            yield _numbered(slot)


def silhouettes(apart: Float[np.ndarray, "set one other"], kind: Int[np.ndarray, "set one"]) -> Float[np.ndarray, " set"]:
    """The mean of (nearest other kind's mean distance - own kind's) / the greater of the two (Rousseeuw 1987); 0 for one alone in its kind."""
    member = (kind[:, :, None] == np.arange(int(kind.max()) + 1)).astype(np.float64)
    sizes = member.sum(axis=1)[:, None]
    sums = apart.astype(np.float64) @ member
    own_size = (member * sizes).sum(axis=2)
    inside = (member * sums).sum(axis=2) / np.maximum(own_size - 1, 1)
    outside = np.where((member > 0) | (sizes == 0), np.inf, sums / np.maximum(sizes, 1)).min(axis=2)
    known = (own_size > 1) & np.isfinite(outside)
    gap = np.where(known, outside, 0) - np.where(known, inside, 0)
    return np.asarray((gap / np.maximum(np.maximum(inside, np.where(known, outside, 0)), 1e-12)).mean(axis=1))


def _numbered(slot: Int[np.ndarray, "set one"]) -> Int[np.ndarray, "set one"]:
    """Numbers from 0 in the order of the slots, of which a joined kind keeps the first: by its first member."""
    first = slot == np.arange(slot.shape[1])
    number = np.cumsum(first, axis=1) - 1
    return np.asarray(np.take_along_axis(number, slot, axis=1))
