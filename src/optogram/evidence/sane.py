"""Sane: a unit's maps change when all learning is destroyed, when that of the upper layers is, and when another unit is asked (Adebayo 2018).

Maps of photographs that drive the unit most. How alike each stays is Spearman's correlation of magnitudes; the effect is how much it changes in the
check where it changes least, 1 less that likeness. The null is a map that stays half alike: each check is tested by Student's t over photographs
and draws crossed, and as all must be passed, p is the greatest of theirs. A map that fails says little of the unit, one that passes may still be
wrong. Cost: 12 times the method's passes a unit, and 8 networks drawn anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Claim, Families, Measured, mean_of, none_tested
from optogram.evidence._maps import Maps, destroyed, maps
from optogram.evidence._view import SiteView
from optogram.metrics._crossed import crossed_mean, crossed_p
from optogram.metrics._sanity import LIMIT
from optogram.statistics.verdict import Words

Tables = Mapping[str, Float[np.ndarray, "photo draw"]]
NOT_ASKED = "no map was made of it: judge(..., maps={'units': more})"


@dataclass(frozen=True, slots=True)
class Sane(Claim):
    """Maps against what destroys them; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """How much each unit's maps change, at least."""
        units = view.responses.shape[1]
        known: Maps | None = view.recorded.get(maps.name)
        if known is None or known.refused:
            return replace(none_tested(units), notes=(known.refused if known else "its maps were not made",) * units)
        effect, p, notes = np.full(units, np.nan), np.full(units, np.nan), [NOT_ASKED] * units
        tables: Mapping[int, Tables] = view.recorded[destroyed.name]
        for unit, checks in tables.items():
            means = {name: crossed_mean(table)[0] for name, table in checks.items()}
            if np.isnan(list(means.values())).any():
                notes[unit] = "no map is left where " + " or ".join(name for name, mean in means.items() if np.isnan(mean)) + " is changed"
                continue
            effect[unit] = 1 - max(means.values())
            p[unit] = max(max(crossed_p(table, LIMIT) for table in checks.values()), np.finfo(np.float64).tiny)
            told = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
            notes[unit] = f"Maps by {known.method} on {len(next(iter(checks.values())))} photographs stay alike, where changed: {told}"
        return Measured(effect, p, np.zeros(units, np.int64), 0, np.finfo(np.float64).tiny, {}, tuple(notes))

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """That of the check where the map changes least, over photographs and draws."""
        low, high = np.full((2, len(found.effect)), np.nan)
        for unit in np.flatnonzero(found.tested):
            _, least, most = max(crossed_mean(table, level) for table in view.recorded[destroyed.name][int(unit)].values())
            low[unit], high[unit] = max(0.0, 1 - most), min(2.0, 1 - least)
        return low, high

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean change."""
        return mean_of("effect", network, twins, "of a map changes at least, on average")


sane = Sane(
    name="sane",
    title="Map depends on learning and unit",
    unit_of_effect="1 less the likeness of a map to itself, in the check where it changes least",
    own_null="half alike",
    rivals="a map that stays half alike",
    chance=LIMIT,
    sees=False,
    beyond_twins=False,
    alone="This is about the maps, not about what the unit learned.",
    needs=("maps",),
    words=Words(
        "its maps change with the learning, with the upper layers' learning and with the unit",
        "its maps stay half alike or more where something that matters is changed",
        "half alike",
    ),
    records=(maps, destroyed),
)
