"""Reached: the unit's picture drives it beyond what photographs do.

The neuron in the middle's response to its picture is compared with those at the probe places of the panel's photographs: the effect is how far
it lies above their mean, as a multiple of how far the 99th percentile does. Own null: a picture that is as good as a photograph, so
p = (1 + photographs with a response as great) / (1 + photographs). Untrained units' pictures may reach farther still (SCIENCE 3: every one, by
a median of 32 to 63 times; with few steps and transforms less far than photographs), so this claim stands or falls with twins whose pictures
were made by the same steps. Cost: one picture a chosen unit and network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of
from optogram.evidence._drawn import raised
from optogram.evidence._pictured import drawn, told
from optogram.evidence._view import SiteView
from optogram.statistics import permutation
from optogram.statistics.intervals import jackknife
from optogram.statistics.verdict import Words

HIGH = 0.99


@dataclass(frozen=True, slots=True)
class Reached(Claim):
    """The picture's response among the photographs'; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """How many photographs do as well, and how far beyond their range the picture is."""
        reached = drawn(view).over(view.responses.shape[1], drawn(view).reached).astype(np.float64)
        effect = beyond(view, reached, np.arange(len(view.responses)))
        greatest = np.full((view.photographs, len(reached)), -np.inf)
        np.maximum.at(greatest, view.patches.photograph, view.responses)
        count = np.where(np.isnan(effect), 0, (greatest >= reached).sum(axis=0))
        p = np.where(np.isnan(effect), np.nan, (1 + count) / (1 + view.photographs))
        parts = {"family": as_many(~np.isnan(effect), like), "logarithm": np.log(np.maximum(effect, 0.1)), "reached": reached}
        found = Measured(effect, p, count, view.photographs, permutation.floor(view.photographs), parts)
        said = [f"Reached {value:.3g}, {times:.1f} times the photographs' range" for value, times in zip(reached, effect, strict=True)]
        return told(view, found, said)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """Over photographs, the picture held fixed: jackknife over 20 subsets that keep three fifths of them."""
        kept = np.flatnonzero(found.tested)
        low, high = np.full((2, len(found.effect)), np.nan)
        if kept.size:
            limits = jackknife(lambda rows: beyond(view, found.parts["reached"], rows)[kept], view.patches.photograph, level=level)
            low[kept], high[kept] = limits.low, limits.high
        return low, high

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean logarithm of the multiple, so that one unit does not make the family."""
        return mean_of("logarithm", network, twins, "mean logarithm of how many times the photographs' range is reached")


reached = Reached(
    name="reached",
    title="Driven beyond photographs by its picture",
    unit_of_effect="times the range of photographs' responses (mean to 99th percentile)",
    own_null="photographs",
    rivals="photographs",
    chance=1.0,
    sees=False,
    needs=("pictures",),
    words=Words("its picture drives it more than photographs do", "too many photographs drive it as much as its picture", "photographs"),
    records=(raised,),
    halves=False,
)


def beyond(view: SiteView, reached: Float[np.ndarray, " unit"], rows: Int[np.ndarray, " row"]) -> Float[np.ndarray, " unit"]:
    """(reached - mean) / (99th percentile - mean) of the responses to these patches; NaN where that is no range."""
    known = view.responses[rows].astype(np.float64)
    mean, most = known.mean(axis=0), np.quantile(known, HIGH, axis=0)
    return np.asarray((reached - mean) / np.where(most > mean, most - mean, np.nan))
