"""One claim at one site: the network's measure among its twins', and from it a row and a sentence for every unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from optogram.evidence._result import Row, SiteClaim
from optogram.evidence._sentences import family_sentence, own_sentence, twin_sentence
from optogram.evidence._twins import Measures, TwinMeasure, spread_of
from optogram.evidence._view import SiteView
from optogram.statistics.effects import participation_ratio
from optogram.statistics.gate import Gate, UnitLevel, family_gate, unit_level
from optogram.statistics.identification import Identification
from optogram.statistics.verdict import Findings, decide


@dataclass(frozen=True)
class Family:
    """Everything measured of one claim at one site, before the gate is corrected over families."""

    claim: Any
    view: SiteView
    viewer: str
    found: Identification
    low: Float[np.ndarray, " unit"]
    high: Float[np.ndarray, " unit"]
    gate: Gate
    units: UnitLevel
    twins: list[TwinMeasure]
    kind: str
    confounds: dict[str, float]

    @classmethod
    def of(cls, claim: Any, view: SiteView, viewer: str, measures: Measures, kind: str) -> Family:
        """Measures the network as its twins were measured, with intervals."""
        twins = measures[view.site.address, claim.name]
        found = claim.measure(view)
        low, high = claim.interval(view)
        effects = np.stack([twin.effects for twin in twins]).astype(np.float64)
        gate = family_gate(claim.family(found), np.array([twin.family for twin in twins], dtype=np.float64))
        return cls(claim, view, viewer, found, low, high, gate, unit_level(found.margin, effects), twins, kind, _confounds(claim, view, found, twins))


def settle(family: Family, gate_q: float, level: float, twin_identified: list[int], twin_stands: list[int]) -> tuple[list[Row], SiteClaim]:
    """The rows of every unit and the family's summary, with the gate's p corrected over all families of the call."""
    view, claim, found = family.view, family.claim, family.found
    photographs = int(view.patches.photograph.max()) + 1
    reach = family.units.reach(level) if family.units.draws else float("nan")
    rows: list[Row] = []
    own_q = found.q
    for unit in range(view.site.units):
        tested = bool(found.tested[unit])
        decision = decide(_findings(family, unit, own_q, gate_q, reach, level))
        shared = {
            "unit": f"{view.site.address}:{unit}",
            "site": view.site.address,
            "index": unit,
            "claim": claim.name,
            "viewer": family.viewer,
            "effect": float(found.margin[unit]),
            "low": float(family.low[unit]),
            "high": float(family.high[unit]),
            "verdict": decision.verdict.value,
        }
        counts = int(found.at_least[unit]) if tested else 0, int(family.units.at_least[unit]) if tested else 0
        rows.append(
            Row(
                **shared,
                null=claim.own_null,
                p=float(found.p[unit]),
                q=float(own_q[unit]),
                floor=found.floor,
                count=counts[0],
                draws=found.draws,
                sentence=own_sentence(counts[0], found.draws, photographs, float(own_q[unit]), found.units, family.viewer, tested),
            )
        )
        rows.append(
            Row(
                **shared,
                null="twins",
                p=float(family.units.p[unit]),
                q=float(family.units.q[unit]),
                floor=family.units.floor,
                count=counts[1],
                draws=family.units.draws,
                sentence=twin_sentence(decision, counts[1], family.units, photographs, float(family.units.q[unit]), family.viewer, level),
            )
        )
    summary = _summary(family, gate_q, photographs, level)
    return rows, replace(summary, twin_identified=tuple(twin_identified), twin_stands=tuple(twin_stands))


def _findings(family: Family, unit: int, own_q: Float[np.ndarray, " unit"], gate_q: float, reach: float, level: float) -> Findings:
    return Findings(
        own_q=float(own_q[unit]),
        gate_p=gate_q,
        gate_floor=family.gate.floor,
        twin_p=float(family.units.p[unit]),
        twin_q=float(family.units.q[unit]),
        twin_least=family.units.least_q,
        low=float(family.low[unit]),
        high=float(family.high[unit]),
        reach=reach,
        tested=bool(family.found.tested[unit]),
        level=level,
    )


def _summary(family: Family, gate_q: float, photographs: int, level: float) -> SiteClaim:
    claim = family.claim
    return SiteClaim(
        site=family.view.site.address,
        claim=claim.name,
        title=claim.title,
        unit_of_effect=claim.unit_of_effect,
        viewer=family.viewer,
        chance=claim.chance,
        photographs=photographs,
        tested=family.found.units,
        units=family.view.site.units,
        observed=family.gate.statistic,
        families=np.array([twin.family for twin in family.twins], dtype=np.float64),
        gate_p=family.gate.p,
        gate_open=bool(gate_q <= level),
        kinds=(family.kind,),
        effects=np.stack([twin.effects for twin in family.twins]).astype(np.float64),
        sentence=family_sentence(family.gate, gate_q, level),
        identified=int(np.sum(family.found.q <= level)),
        twin_identified=(),
        twin_stands=(),
        confounds=family.confounds,
    )


def _confounds(claim: Any, view: SiteView, found: Identification, twins: list[TwinMeasure]) -> dict[str, float]:
    """What may make twins' units harder or easier to tell apart than the network's, for the reader to weigh."""
    spread = spread_of(view.responses)
    return {
        "participation ratio": participation_ratio(view.responses),
        "participation ratio, twins' median": float(np.median([twin.participation for twin in twins])),
        "living units": float(view.alive.mean()),
        "living units, twins' median": float(np.median([twin.alive for twin in twins])),
        "spread, twins over network": float(np.median([twin.spread for twin in twins])) / spread if spread > 0 else float("nan"),
        **claim.confounds(view, found),
    }
