"""What was found, in plain sentences with counts, and where the viewer should open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optogram.atlas.judged import leading
from optogram.atlas.schema import Finding

if TYPE_CHECKING:
    from optogram.evidence._result import Evidence, Row, SiteClaim


def findings(evidence: Evidence | None) -> list[Finding]:
    """One sentence each: the site with the most believed units, what an untrained network says too, what nobody can tell."""
    if evidence is None or not evidence.families:
        return []
    ranked = sorted(evidence.families, key=lambda family: (-_stands(evidence, family), family.site))
    found = [_believed(evidence, ranked[0])]
    salmon = [row for row in evidence.rows if row.verdict == "salmon" and row.null == "twins"]
    if salmon:
        example = max(salmon, key=lambda row: row.effect)
        text = (
            f"Salmon: {len(salmon)} units whose photographs seem to say what drives them, and an untrained network says the same: try {example.unit}"
        )
        found.append(Finding(text=text, address=example.unit))
    closed = [family for family in evidence.families if not family.gate_open]
    if closed:
        named = ", ".join(family.site for family in closed[:3]) + (" ..." if len(closed) > 3 else "")
        found.append(Finding(text=f"At {len(closed)} of {len(evidence.families)} sites no more than in an untrained twin: {named}", address=None))
    return found


def opening(evidence: Evidence | None) -> list[str]:
    """Two units to look at first: the best believed one, and a salmon beside it."""
    if evidence is None:
        return []
    rows: list[Row] = [row for family in evidence.families for row in leading(evidence, family.site).values()]
    stands = max((row for row in rows if row.verdict == "stands"), key=lambda row: row.effect, default=None)
    salmon = max((row for row in rows if row.verdict == "salmon"), key=lambda row: row.effect, default=None)
    return [row.unit for row in (stands, salmon) if row is not None]


def _stands(evidence: Evidence, family: SiteClaim) -> int:
    return evidence.verdicts(family.site, family.claim)["stands"]


def _believed(evidence: Evidence, family: SiteClaim) -> Finding:
    identified = sum(row.null == "wrong picture" and row.q <= evidence.level for row in evidence.rows if row.site == family.site)
    stands = _stands(evidence, family)
    text = (
        f"{family.site}: {identified} of {family.units} units: their photographs say what drives them (q <= {evidence.level:.2f}); "
        f"{stands} beyond what an untrained network would show"
    )
    return Finding(text=text, address=None)
