"""Faithful: pixels taken away in the order of a unit's maps move the response more than in the order of edges, or of random blotches.

Maps of photographs that drive the unit most, by insertion and by deletion (16 steps, pixels replaced by the photograph's mean colour; areas under the
response, 1 for the photograph, 0 for the baseline), against an edge detector and random noise, all blurred to the width of the blurriest, as these
metrics favour blurry maps. The effect is the mean lead in the contest of these four where it is least. Each contest is tested by the signs of the
photographs' leads, all patterns counted; as all must be won, p is the greatest of theirs. A photograph without an answer counts as a tie. Removal
makes images that no camera takes. Cost: 102 passes a photograph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Claim, Families, Measured, mean_of, none_tested
from optogram.evidence._mapped import LEAST
from optogram.evidence._maps import CONTESTS, Maps, maps, removed
from optogram.evidence._view import SiteView
from optogram.statistics import permutation
from optogram.statistics.intervals import bootstrap_mean
from optogram.statistics.verdict import Words

Leads = Float[np.ndarray, "photo contest"]
NOT_ASKED = "no map was made of it: judge(..., maps={'units': more})"


@dataclass(frozen=True, slots=True)
class Faithful(Claim):
    """Maps against what costs nothing; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The least mean lead of each unit's maps."""
        units = view.responses.shape[1]
        known: Maps | None = view.recorded.get(maps.name)
        leads: Mapping[int, Leads] = view.recorded.get(removed.name, {})
        photographs = min((len(one) for one in leads.values()), default=0)
        if known is None or known.refused or photographs < LEAST:
            refused = "its maps were not made" if known is None else known.refused or f"fewer than {LEAST} groups of photographs to make maps of"
            return replace(none_tested(units), notes=(refused,) * units)
        signs = np.array(list(product((1.0, -1.0), repeat=photographs)))[1:]
        effect, p, counts, notes = np.full(units, np.nan), np.full(units, np.nan), np.zeros(units, np.int64), [NOT_ASKED] * units
        for unit, lead in leads.items():
            means, null = lead.mean(axis=0), signs @ lead / photographs
            worst = int(means.argmin())
            each = permutation.p_value(means, null)
            effect[unit], p[unit] = means[worst], each.max()
            counts[unit] = round(p[unit] * (1 + len(signs))) - 1
            told = ", ".join(f"{mean:+.3f} better by {contest}" for mean, contest in zip(means, CONTESTS, strict=True))
            notes[unit] = f"Maps by {known.method} on {photographs} photographs are {told}"
        return Measured(effect, p, counts, len(signs), permutation.floor(len(signs)), {}, tuple(notes))

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """Bootstrap over photographs, of the contest where the lead is least."""
        low, high = np.full((2, len(found.effect)), np.nan)
        for unit in np.flatnonzero(found.tested):
            lead = view.recorded[removed.name][int(unit)]
            worst = lead[:, lead.mean(axis=0).argmin()]
            limits = bootstrap_mean(worst[:, None], np.arange(len(worst)), level=level, seed=0)
            low[unit], high[unit] = float(limits.low[0]), float(limits.high[0])
        return low, high

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean lead."""
        return mean_of("effect", network, twins, "ahead of edges and random blotches at least, on average")


faithful = Faithful(
    name="faithful",
    title="Map finds what the response needs",
    unit_of_effect="lead in area under the response, in the contest where it is least",
    own_null="leads with signs dealt anew",
    rivals="patterns of signs",
    sees=False,
    beyond_twins=False,
    alone="This is about the maps, not about what the unit learned.",
    needs=("maps",),
    words=Words(
        "pixels taken in the order of its maps move the response more than in that of edges or random blotches",
        "edges or random blotches are not shown to do worse",
        "edges and random blotches",
    ),
    records=(maps, removed),
)
