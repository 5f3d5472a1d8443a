"""Alive: the unit responds, and on how many photographs; dead, constant, saturated and rare ones are named.

A unit responds on a photograph where one of its neurons at the probe places differs from its value at rest, which is its most common value
(zero for a rectified unit; a unit that never gives the same value twice responds always). The null is a unit that responds on 1 % of
photographs: exact binomial, over photographs. Being alive says nothing about learning, so twins have no say. Cost: one sort of the responses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of
from optogram.evidence._view import SiteView
from optogram.statistics.intervals import clopper_pearson
from optogram.statistics.verdict import Words

HARDLY = 0.01
RARE = 0.05


@dataclass(frozen=True, slots=True)
class Alive(Claim):
    """Response rates against 1 %; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The share of photographs on which each unit responds."""
        rest, repeated = resting(view.responses)
        differs = (view.responses != rest) | ~repeated
        photographs = view.photographs
        order = np.argsort(view.patches.photograph, kind="stable")
        begins = np.searchsorted(view.patches.photograph[order], np.arange(photographs))
        responds = np.logical_or.reduceat(differs[order], begins, axis=0).sum(axis=0)
        least = np.finfo(np.float64).tiny
        p = np.maximum(stats.binom.sf(responds - 1, photographs, HARDLY), least)
        notes = () if like is not None else tuple(_note(view, unit, int(responds[unit]), float(rest[unit])) for unit in range(len(responds)))
        tested = np.ones(len(responds), bool)
        parts = {"family": as_many(tested, like)}
        return Measured(responds / photographs, p, np.zeros(len(p), np.int64), 0, max(HARDLY**photographs, least), parts, notes)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """Clopper-Pearson, over photographs."""
        hits = np.rint(found.effect * view.photographs).astype(np.int64)
        limits = clopper_pearson(hits, view.photographs, level)
        return limits.low, limits.high

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean share; reported beside the twins', and decides nothing."""
        return mean_of("effect", network, twins, "of photographs, on average, make a unit respond")


alive = Alive(
    name="alive",
    title="Responds to photographs",
    unit_of_effect="share of photographs on which it responds",
    own_null="1 % of photographs",
    rivals="a unit that responds on 1 % of photographs",
    sees=False,
    beyond_twins=False,
    words=Words(
        f"it responds on more than {100 * HARDLY:.0f} % of photographs",
        f"it may respond on no more than {100 * HARDLY:.0f} % of photographs",
        "a response rate of 1 %",
    ),
)


def resting(responses: Float[np.ndarray, "patch unit"]) -> tuple[Float[np.ndarray, " unit"], Bool[np.ndarray, " unit"]]:
    """Each unit's most common value (the least of equals), and whether it occurs more than once."""
    ordered = np.sort(np.ascontiguousarray(responses.T), axis=1)
    change = np.ones(ordered.shape, bool)
    change[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    place = np.arange(ordered.shape[1], dtype=np.int32)
    run = place - np.maximum.accumulate(np.where(change, place, 0), axis=1) + 1
    last = run.argmax(axis=1)
    units = np.arange(len(ordered))
    return ordered[units, last], run[units, last] > 1


def states(values: Float[np.ndarray, " patch"], share: float, rest: float) -> str:
    """In a word, how one unit [patch] lives: dead, constant, saturated, rare; nothing for most."""
    if values.max() == values.min():
        return "dead" if rest == 0 else "constant"
    if rest == values.max() and np.mean(values == rest) > 0.5:
        return "saturated"
    return "rare" if share < RARE else ""


def _note(view: SiteView, unit: int, responds: int, rest: float) -> str:
    state = states(view.responses[:, unit], responds / view.photographs, rest)
    if state in ("dead", "constant"):
        return f"{state.capitalize()}: {rest:.4g} on all {view.photographs:,} photographs"
    named = {"saturated": f"; saturated: mostly at its greatest value, {rest:.4g}", "rare": "; rare"}.get(state, "")
    return f"Responds on {responds:,} of {view.photographs:,} photographs{named}"
