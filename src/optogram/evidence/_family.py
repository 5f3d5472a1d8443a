"""One claim at one site: the network's measure among its twins', and from it a row and a sentence for every unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Claim, Measured
from optogram.evidence._result import Row, SiteClaim
from optogram.evidence._sentences import alone_sentence, family_sentence, own_sentence, twin_sentence
from optogram.evidence._twin_kinds import Kind
from optogram.evidence._twins import TwinMeasure, spread_of
from optogram.evidence._view import SiteView
from optogram.statistics.effects import participation_ratio
from optogram.statistics.gate import Gate, UnitLevel, family_gate, unit_level
from optogram.statistics.multiplicity import check_order
from optogram.statistics.verdict import Decision, Findings, decide, decide_alone


@dataclass(frozen=True)
class Family:
    """Everything measured of one claim at one site, before the gate is corrected over sites."""

    claim: Claim
    view: SiteView
    viewer: str
    found: Measured
    low: Float[np.ndarray, " unit"]
    high: Float[np.ndarray, " unit"]
    gate: Gate
    statistics: Float[np.ndarray, " twin"]
    said: str
    units: UnitLevel
    twins: list[TwinMeasure]
    kinds: Sequence[Kind]
    confounds: dict[str, float]

    @classmethod
    def of(cls, claim: Claim, view: SiteView, viewer: str, found: Measured, twins: list[TwinMeasure], kinds: Sequence[Kind]) -> Family:
        """The network's measure beside its twins', with intervals."""
        low, high = claim.interval(view, found)
        effects = np.stack([twin.found.effect for twin in twins]).astype(np.float64)
        families = claim.families(found, [twin.found for twin in twins])
        gate = family_gate(families.observed, families.twins, kinds)
        level = unit_level(found.effect, effects)
        return cls(
            claim, view, viewer, found, low, high, gate, families.twins, families.said, level, twins, kinds, _confounds(claim, view, found, twins)
        )

    @property
    def photographs(self) -> int:
        """How many the claim was tested on."""
        return self.view.photographs


@dataclass(frozen=True)
class Settling:
    """What is known once all sites of a claim are measured: the gate corrected over them, and what the same rules claim of twins."""

    gate_q: float
    sites: int
    level: float
    twin_identified: Sequence[int] = ()
    twin_stands: Sequence[int] = ()


def settle(family: Family, known: Settling) -> tuple[list[Row], SiteClaim]:
    """The rows of every unit and the family's summary. Raises `SettingError` for a claim whose p is finer than its floor, or q than its p."""
    own_q = family.found.q
    check_order(family.found.floor, family.found.p, own_q)
    check_order(family.units.floor, family.units.p, family.units.q)
    reach = family.units.reach(known.level) if family.units.draws else float("nan")
    rows: list[Row] = []
    for unit in range(family.view.site.units):
        rows += _rows(family, unit, float(own_q[unit]), reach, known)
    return rows, _summary(family, known)


def _rows(family: Family, unit: int, own_q: float, reach: float, known: Settling) -> list[Row]:
    """A row for the claim's own null, and one for the twins where they have a say."""
    claim, found, units = family.claim, family.found, family.units
    decision = _decision(family, unit, own_q, reach, known)
    tested = bool(found.tested[unit])
    shared: dict[str, Any] = {
        "unit": f"{family.view.site.address}:{unit}",
        "site": family.view.site.address,
        "index": unit,
        "claim": claim.name,
        "viewer": family.viewer if claim.sees else "",
        "effect": float(found.effect[unit]),
        "low": float(family.low[unit]),
        "high": float(family.high[unit]),
        "verdict": decision.verdict.value,
    }
    if claim.beyond_twins:
        sentence = own_sentence(claim, found, unit, family.photographs, own_q, family.viewer)
    else:
        sentence = alone_sentence(claim, decision, found, unit, family.photographs, own_q, family.viewer)
    own = Row(
        **shared,
        null=claim.own_null,
        p=float(found.p[unit]),
        q=own_q,
        floor=found.floor,
        count=int(found.at_least[unit]) if tested else 0,
        draws=found.draws,
        sentence=sentence,
    )
    if not claim.beyond_twins:
        return [own]
    twins = Row(
        **shared,
        null="twins",
        p=float(units.p[unit]),
        q=float(units.q[unit]),
        floor=units.floor,
        count=int(units.at_least[unit]) if tested else 0,
        draws=units.draws,
        sentence=twin_sentence(claim, decision, found, unit, units, family.photographs, family.viewer, known.level),
    )
    return [own, twins]


def _decision(family: Family, unit: int, own_q: float, reach: float, known: Settling) -> Decision:
    tested = bool(family.found.tested[unit])
    if not family.claim.beyond_twins:
        return decide_alone(own_q, tested, known.level, words=family.claim.words)
    findings = Findings(
        own_q=own_q,
        gate_p=known.gate_q,
        gate_floor=family.gate.least,
        twin_p=float(family.units.p[unit]),
        twin_q=float(family.units.q[unit]),
        twin_least=family.units.least_q,
        low=float(family.low[unit]),
        high=float(family.high[unit]),
        reach=reach,
        tested=tested,
        level=known.level,
    )
    return decide(findings, family.claim.words)


def _summary(family: Family, known: Settling) -> SiteClaim:
    claim, kinds = family.claim, tuple(dict.fromkeys(family.kinds))
    only = kinds[0] if len(kinds) == 1 else ""
    return SiteClaim(
        site=family.view.site.address,
        claim=claim.name,
        title=claim.title,
        unit_of_effect=claim.unit_of_effect,
        viewer=family.viewer if claim.sees else "",
        chance=claim.chance,
        photographs=family.photographs,
        tested=family.found.units,
        units=family.view.site.units,
        observed=family.gate.statistic,
        families=family.statistics,
        gate_p=family.gate.p,
        gate_open=bool(known.gate_q <= known.level),
        kinds=kinds,
        effects=np.stack([twin.found.effect for twin in family.twins]).astype(np.float64),
        sentence=family_sentence(family.gate, known.gate_q, known.level, family.said, known.sites, claim.beyond_twins, only),
        identified=int(np.sum(family.found.q <= known.level)),
        twin_identified=tuple(known.twin_identified),
        twin_stands=tuple(known.twin_stands),
        confounds=family.confounds,
        statistic=family.said,
    )


def _confounds(claim: Claim, view: SiteView, found: Measured, twins: list[TwinMeasure]) -> dict[str, float]:
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
