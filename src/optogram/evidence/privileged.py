"""Privileged: what drives the unit most looks more alike than what drives random directions of its site (Szegedy 2014; Bau 2017).

A random direction is a mixture of the site's units: their responses are standardised and turned by a random rotation. Alike is the cosine, in the
viewer's eyes, of the mean of the 9 strongest patches of one fold with that of the other; the effect is the unit's less the median of random
directions', and the null is all of these. Identification does not serve here: a unit that answers to one thing only has tied ranks, so that
mixtures, which have none, win more line-ups than it (planted: .95 against .75). A unit may be about something and still be nothing special.
Cost: four rotations of the responses and five sorts a site and network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of, none_tested
from optogram.evidence._view import SiteView
from optogram.evidence.identification import CHOSEN
from optogram.statistics import permutation
from optogram.statistics.ranks import greatest
from optogram.statistics.verdict import Words

ROTATIONS = 4


@dataclass(frozen=True, slots=True)
class Privileged(Claim):
    """Units against random mixtures of them; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """How alike the two halves' strongest patches are, of units and of random directions."""
        own = agreement(view)
        standard = standardised(view)
        pool = np.concatenate([agreement(rotated(view, number, standard)) for number in range(ROTATIONS)])
        pool = np.sort(pool[~np.isnan(pool)])
        if not pool.size:
            return replace(none_tested(len(own)), notes=("too few living units or patches",) * len(own))
        counts = np.where(np.isnan(own), 0, permutation.at_least(own, pool))
        parts = {"family": as_many(~np.isnan(own), like)}
        p = permutation.pooled_p(own, pool)
        return Measured(own - float(np.median(pool)), p, counts, int(pool.size), permutation.floor(int(pool.size)), parts)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """None: the strongest patches are extremes, for which resampling photographs gives no interval (and so nothing is called a salmon)."""
        return (absent := np.full(len(found.effect), np.nan)), absent.copy()

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean effect."""
        return mean_of("effect", network, twins, "more alike than random directions, on average")


privileged = Privileged(
    name="privileged",
    title="More than a random direction",
    unit_of_effect="cosine of the two halves' strongest patches, less that of random directions",
    own_null="random directions",
    rivals="random directions of its site",
    words=Words(
        "what drives it most looks more alike than for random directions of its site",
        "random directions of its site do as well too often to tell",
        "random directions",
    ),
)


def agreement(view: SiteView) -> Float[np.ndarray, " unit"]:
    """Cosine of the mean of each unit's 9 strongest patches in one fold with that in the other; NaN where a unit is constant in a fold."""
    strongest, living = [], np.ones(view.responses.shape[1], bool)
    for fold in (0, 1):
        rows = np.flatnonzero(view.patches.fold == fold)
        if len(rows) < 2 * CHOSEN:
            return np.full(view.responses.shape[1], np.nan)
        own = view.responses[rows]
        living &= own.max(axis=0) > own.min(axis=0)
        strongest.append(rows[greatest(np.ascontiguousarray(own.T), CHOSEN).T])
    across, *within = (_likeness(view, strongest[one], strongest[other]) for one, other in ((0, 1), (0, 0), (1, 1)))
    cosine = across / np.sqrt(np.maximum(within[0] * within[1], 1e-12))
    return np.where(living, cosine, np.nan).astype(np.float64)


def standardised(view: SiteView) -> Float[np.ndarray, "patch living"]:
    """The living units' responses, each of mean 0 and deviation 1."""
    known = view.responses[:, view.alive].astype(np.float64)
    return np.asarray((known - known.mean(axis=0)) / known.std(axis=0), np.float32)


def rotated(view: SiteView, seed: int, standard: Float[np.ndarray, "patch living"] | None = None) -> SiteView:
    """The site seen through a random rotation of its living units' `standardised` responses; dead units stay dead."""
    living = np.flatnonzero(view.alive)
    responses = np.zeros_like(view.responses)
    if living.size > 1:
        responses[:, living] = (standardised(view) if standard is None else standard) @ _rotation(living.size, seed)
    return replace(view, responses=responses)


@lru_cache(maxsize=2 * ROTATIONS)
def _rotation(units: int, seed: int) -> Float[np.ndarray, "unit direction"]:
    """Random, the same for every site and network with so many living units: kept for the next of them."""
    return np.asarray(np.linalg.qr(np.random.default_rng([7, seed]).standard_normal((units, units)))[0], np.float32)


def _likeness(view: SiteView, one: np.ndarray, other: np.ndarray) -> Float[np.ndarray, " unit"]:
    """The mean similarity of every patch of one [patch, unit] with every one of the other."""
    total = np.zeros(one.shape[1])
    for row in one:
        total += view.patches.alike(row[None, :], other).mean(axis=0)
    return total / len(one)
