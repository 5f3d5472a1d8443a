"""Evidence as the atlas keeps it: the sorted order of units, the claims' summaries with countable dots, the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from optogram.atlas.schema import ClaimSummary, Null
from optogram.atlas.tables import schemas
from optogram.drawing.null_strip import quantile_dots
from optogram.errors import AtlasError

if TYPE_CHECKING:
    from optogram.evidence._result import Evidence, Row, SiteClaim

ORDER = ("stands", "leans", "can't tell", "salmon", "not tested")


LEADING = "identification"
"""The claim whose verdict a unit is sorted and shown by, where it was tested; else the first that was."""


def leading_claim(evidence: Evidence) -> str:
    """The claim that findings speak of and units are sorted by."""
    claims = [family.claim for family in evidence.families]
    return LEADING if LEADING in claims or not claims else claims[0]


def leading(evidence: Evidence | None, site: str) -> dict[int, Row]:
    """Each unit's row of the leading claim (against twins where there is one), by index."""
    rows: dict[int, Row] = {}
    claim = leading_claim(evidence) if evidence else ""
    for row in evidence.rows if evidence else ():
        if (row.site, row.claim) == (site, claim) and (row.index not in rows or row.null == "twins"):
            rows[row.index] = row
    return rows


def default_order(rows: dict[int, Row], units: int) -> list[int]:
    """Units by verdict, then by effect, greatest first; without evidence as they come."""

    def key(unit: int) -> tuple[int, float, int]:
        row = rows.get(unit)
        if row is None:
            return len(ORDER), 0.0, unit
        return ORDER.index(row.verdict), -(row.effect if row.effect == row.effect else -np.inf), unit

    return sorted(range(units), key=key)


def summaries(evidence: Evidence | None, site: str) -> list[ClaimSummary]:
    """The claims of one site as the manifest holds them, the leading one first."""
    if evidence is None:
        return []
    first = leading_claim(evidence)
    return [_summary(family, evidence) for family in sorted(evidence.families, key=lambda family: family.claim != first) if family.site == site]


def evidence_rows(evidence: Evidence, site: str) -> dict[str, list[Any]]:
    """The columns of the site's evidence table; a row whose figures contradict each other is an `AtlasError`, not a page."""
    names = schemas()["evidence"].names
    rows = [row for row in evidence.rows if row.site == site]
    for family in evidence.families:
        if family.site == site:
            _dots_agree(family, [row for row in rows if (row.claim, row.null) == (family.claim, "twins")])
    for row in rows:
        if row.p == row.p and not (row.floor <= row.p * (1 + 1e-9) and row.p <= row.q * (1 + 1e-9)):
            raise AtlasError(f"{row.unit}, {row.claim}, {row.null}: floor {row.floor} <= p {row.p} <= q {row.q} does not hold")
    return {name: [row.index if name == "unit" else getattr(row, name) for row in rows] for name in names}


def _dots_agree(family: SiteClaim, rows: list[Row]) -> None:
    """`AtlasError` where the dots that will be drawn tell another share of the twins' units beyond a unit than its row counts.

    Quantile dots may miss a share by one of themselves, and by one draw where they lie between two.
    """
    dots = np.asarray(dots_of(family.effects))
    for row in rows if dots.size else ():
        if row.draws == 0 or row.effect != row.effect:
            continue
        drawn, counted = float(np.mean(dots >= row.effect - 1e-9 * abs(row.effect))), row.count / row.draws
        if abs(drawn - counted) > 1 / len(dots) + 1 / row.draws + 1e-9:
            raise AtlasError(
                f"{row.unit}, {row.claim}: {drawn:.0%} of the dots lie beyond it, but {row.count} of {row.draws} twins' units were counted"
            )


def dots_of(effects: np.ndarray) -> list[float]:
    """50 quantiles of the null: each dot stands for 2 % of the pooled twin units."""
    finite = effects[np.isfinite(effects)]
    return [float(value) for value in quantile_dots(finite)] if finite.size else []


def _summary(family: SiteClaim, evidence: Evidence) -> ClaimSummary:
    effects = np.asarray([row.effect for row in evidence.rows if (row.site, row.claim) == (family.site, family.claim)], dtype=np.float64)
    everything = np.concatenate([effects, family.effects.reshape(-1), [family.chance]])
    finite = everything[np.isfinite(everything)]
    counts = evidence.verdicts(family.site, family.claim)
    return ClaimSummary(
        claim=family.claim,
        title=family.title,
        unit_of_effect=family.unit_of_effect,
        viewer=family.viewer,
        low=float(finite.min()),
        high=float(finite.max()),
        chance=family.chance,
        photographs=family.photographs,
        tested=family.tested,
        verdicts={word: counts[word] for word in ORDER if counts[word]},  # type: ignore[misc]
        null=_null(family),
        sentence=family.sentence,
        identified=family.identified,
        twin_identified=list(family.twin_identified),
        twin_stands=list(family.twin_stands),
        confounds={name: float(value) for name, value in family.confounds.items() if np.isfinite(value)},
    )


def _null(family: SiteClaim) -> Null | None:
    if family.families.size == 0 or not np.isfinite([family.observed, family.gate_p]).all():
        return None  # too few units to tell apart: the site has no family statistic, nor have its twins
    return Null(
        dots=dots_of(family.effects),
        ticks=[float(np.nanmedian(row)) for row in family.effects if np.isfinite(row).any()],
        observed=family.observed,
        families=[float(value) for value in family.families if np.isfinite(value)],
        p=family.gate_p,
        open=family.gate_open,
        twins=len(family.families),
        kinds=list(family.kinds),
    )
