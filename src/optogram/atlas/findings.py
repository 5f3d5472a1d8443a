"""What was found, in plain sentences with counts, and where the viewer should open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optogram.atlas.judged import ORDER, leading, leading_claim
from optogram.atlas.schema import Finding

if TYPE_CHECKING:
    from optogram.evidence._result import Evidence, Row, SiteClaim


def findings(evidence: Evidence | None) -> list[Finding]:
    """One sentence each: the site with the most believed units, what an untrained network says too, what nobody can tell."""
    if evidence is None or not evidence.families:
        return []
    claim, families = leading_claim(evidence), _ranked(evidence)
    found = [_believed(evidence, families[0])]
    salmon = [row for row in evidence.rows if (row.claim, row.verdict, row.null) == (claim, "salmon", "twins")]
    if salmon:
        found.append(_salmon(evidence, salmon))
    closed = sorted((family for family in families if not family.gate_open), key=evidence.families.index)
    if closed:
        named = ", ".join(family.site for family in closed[:3]) + (" ..." if len(closed) > 3 else "")
        text = f"Whole sites: at {len(closed)} of {len(families)} no more units are picked out than in untrained twins ({named})"
        found.append(Finding(text=text, address=None))
    return found


def opening(evidence: Evidence | None) -> list[str]:
    """Two units to look at first: the best believed one of the best site, and the loudest salmon beside it, of the same site if there is one."""
    if evidence is None or not evidence.families:
        return []
    rows = {family.site: list(leading(evidence, family.site).values()) for family in _ranked(evidence)}
    believed = [[row for row in found if row.verdict not in ("salmon", "not tested")] for found in rows.values()]
    stands = min(next((found for found in believed if found), []), key=_believability, default=None)
    salmon = [row for found in rows.values() for row in found if row.verdict == "salmon"]
    beside = [row for row in salmon if stands is not None and row.site == stands.site]
    loudest = max(beside or salmon, key=lambda row: row.effect, default=None)
    return [row.unit for row in (stands, loudest) if row is not None]


def _ranked(evidence: Evidence) -> list[SiteClaim]:
    """Sites by the units that stand, then by those that are told apart."""
    families = [family for family in evidence.families if family.claim == leading_claim(evidence)]
    return sorted(families, key=lambda family: (-_stands(evidence, family), -family.identified, family.site))


def _believability(row: Row) -> tuple[int, float]:
    return ORDER.index(row.verdict), -row.effect


def _salmon(evidence: Evidence, salmon: list[Row]) -> Finding:
    """How many units an untrained network matches; named is the one whose photographs look most convincing all the same."""
    convincing = {row.unit for row in evidence.rows if row.claim == leading_claim(evidence) and row.null != "twins" and row.q <= evidence.level}
    told = [row for row in salmon if row.unit in convincing]
    example = max(told or salmon, key=lambda row: row.effect)
    seeming = f"{len(told)} of them pass the test against wrong photographs, and would be believed without twins" if told else "none passes any test"
    text = f"Salmon: {len(salmon)} units whose photographs say no more than those of an untrained network's units; {seeming}: try {example.unit}"
    return Finding(text=text, address=example.unit)


def _stands(evidence: Evidence, family: SiteClaim) -> int:
    return evidence.verdicts(family.site, family.claim)["stands"]


def _believed(evidence: Evidence, family: SiteClaim) -> Finding:
    stands = _stands(evidence, family)
    text = (
        f"Best site {family.site}: {family.identified} of {family.units} units: their photographs say what drives them (q <= {evidence.level:.2f}); "
        f"{stands} beyond what an untrained network would show"
    )
    return Finding(text=text, address=None)
