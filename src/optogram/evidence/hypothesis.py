"""Hypothesis: what a reader has in mind ("stripes") describes the unit: photographs marked blind, AUC on those the idea is not from.

The reader looks at exemplars of fold 0 (`sweep.exemplars(unit, fold=0)`), has an idea, and marks photographs of fold 1 by it without knowing
their responses. The effect is the chance that the unit responds more to a marked photograph than to another. The null deals the marks anew;
all units of the site were looked at, so all are corrected for, and twins tell what the mark says of untrained units. Photographs of fold 0 don't
count, marked or not. A group of photographs (crops of one) is one observation. Cost: 999 products of marks and ranks.

The family's figure is how far the upper tenth of the site's units is ahead of its median unit. What all units share must not open the gate: where
they all go with brightness, and brightness with the marks, every AUC is far from one half, and none of it is about a unit. Weights that were
shuffled keep their mean, and make such sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from optogram.evidence._claim import Claim, Families, Measured, as_many, none_tested
from optogram.evidence._classes import LEAST, Ranked, by_group, observations, variance_of_auc
from optogram.evidence._view import SiteView
from optogram.statistics import permutation
from optogram.statistics.verdict import Words

DRAWS = 999
FORMED_IN = 0
"""The fold whose exemplars the idea is from."""
UPPER = 0.1
"""So many of a site's units may be about what the reader has in mind."""


@dataclass(frozen=True, slots=True)
class Hypothesis(Claim):
    """Marked photographs against the others; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """Each unit's AUC of marked against unmarked photographs of the half that the idea is not from."""
        units = view.responses.shape[1]
        known = marked(view)
        if known is None:
            note = f"fewer than {LEAST} photographs with the mark, or without it, among those that the idea is not from"
            return replace(none_tested(units), notes=(note,) * units)
        values, mark = known
        ranked = Ranked.of(values)
        statistic = ranked.z(mark[:, None])[0]
        rng = np.random.default_rng(0)
        null = np.concatenate([ranked.z(np.stack([rng.permutation(mark) for _ in range(DRAWS // 9)], axis=1)) for _ in range(9)])
        pool = np.sort(null[~np.isnan(null)], axis=None)
        effect = np.where(np.isnan(statistic), np.nan, ranked.auc(mark[:, None])[0])
        counts = np.where(np.isnan(statistic), 0, permutation.at_least(statistic, pool))
        shown = f"on {int(mark.sum())} marked and {int((~mark).sum())} others of the half that the idea is not from (groups counted once)"
        notes = tuple(f"AUC {value:.2f} {shown}" for value in effect)
        p = permutation.pooled_p(statistic, pool)
        return Measured(effect, p, counts, int(pool.size), permutation.floor(int(pool.size)), {"family": as_many(~np.isnan(effect), like)}, notes)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """DeLong's, over groups of photographs."""
        low, high = np.full((2, len(found.effect)), np.nan)
        known = marked(view)
        if known is None:
            return low, high
        values, mark = known
        for unit in np.flatnonzero(found.tested):
            reach = special.ndtri(0.5 + level / 2) * np.sqrt(variance_of_auc(values[:, unit], mark))
            low[unit], high[unit] = max(0.0, found.effect[unit] - reach), min(1.0, found.effect[unit] + reach)
        return low, high

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """How far the upper tenth of the site's units is ahead of its median unit, see the module."""
        said = "AUC of the site's upper tenth of units, less that of its median unit"
        return Families(ahead(network), np.array([ahead(twin) for twin in twins], dtype=np.float64), said)


hypothesis = Hypothesis(
    name="hypothesis",
    title="Responds to what the reader marked",
    unit_of_effect="area under the curve of the reader's marks",
    own_null="marks dealt anew",
    rivals="units with marks dealt anew",
    chance=0.5,
    sees=False,
    needs=("marks",),
    words=Words(
        "it responds more to what the reader marked than with marks dealt anew", "marks dealt anew do as well too often to tell", "marks dealt anew"
    ),
)


def marked(view: SiteView) -> tuple[Float[np.ndarray, "observation unit"], Bool[np.ndarray, " observation"]] | None:
    """Responses and marks of the half that the idea is not from; None where there are too few of either kind."""
    if view.stimuli is None or view.stimuli.mark is None:
        return None
    seen = observations(view)
    said = by_group(view, [None if mark is None else str(mark) for mark in view.stimuli.mark])
    rows = np.array([fold != FORMED_IN and mark is not None for fold, mark in zip(seen.fold, said, strict=True)])
    mark = np.array([said[row] == "True" for row in np.flatnonzero(rows)], bool)
    return None if min(mark.sum(), (~mark).sum()) < LEAST else (seen.values[rows], mark)


def ahead(found: Measured) -> float:
    """The mean AUC of the upper tenth of the family's units, less the median; NaN without units."""
    effects = np.sort(found.effect[found.family])
    if not effects.size:
        return float("nan")
    return float(effects[-max(1, round(UPPER * effects.size)) :].mean() - np.median(effects))
