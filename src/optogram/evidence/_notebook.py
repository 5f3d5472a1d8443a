"""Evidence in a notebook: the sites in words, then units as a table, each effect with its interval on the distribution that it is compared with."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from optogram.drawing.inline import data_uri, lines
from optogram.evidence._table import table

if TYPE_CHECKING:
    from optogram.evidence._result import Evidence, Row, SiteClaim

MOST = 12
"""Units in the table, the best believed first; `optogram evidence --top` and the atlas have all."""
HEADS = ("unit", "claim", "verdict", "effect [95 %]", "p", "q", "among units of untrained twins")


def as_html(evidence: Evidence) -> str:
    """Plain HTML that loads nothing from elsewhere; each plot says in words what it shows."""
    rows = [row for row in table(evidence) if np.isfinite(row.effect)]
    said = f"<p>{lines(str(evidence))}</p>"
    if not rows:
        return said
    head = "".join(f"<th>{name}</th>" for name in HEADS)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(row, evidence))}</tr>" for row in rows[:MOST])
    more = f"<caption>The first {MOST} of {len(rows):,} by verdict.</caption>" if len(rows) > MOST else ""
    return f"{said}<table>{more}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Row, evidence: Evidence) -> list[str]:
    told = html.escape(row.sentence, quote=True)
    verdict = f'<span title="{told}">{html.escape(row.verdict)}</span>'
    figures = f"{row.effect:.2f} [{row.low:.2f}, {row.high:.2f}]" if np.isfinite(row.low) else f"{row.effect:.2f}"
    return [html.escape(row.unit), html.escape(row.claim), verdict, figures, _number(row.p), _number(row.q), _plot(row, _family(row, evidence))]


def _number(value: float) -> str:
    from optogram.evidence._sentences import figure

    return figure(value)


def _family(row: Row, evidence: Evidence) -> SiteClaim:
    return next(family for family in evidence.families if (family.site, family.claim, family.viewer) == (row.site, row.claim, row.viewer))


def _plot(row: Row, family: SiteClaim) -> str:
    from optogram.drawing.null_strip import null_strip

    null = family.effects[np.isfinite(family.effects)]
    if not null.size:
        return ""
    interval = (row.low, row.high) if np.isfinite(row.low) else None
    drawn = null_strip(null.astype(float), row.effect, interval=interval, width=240)
    above = int((null >= row.effect).sum())
    told = html.escape(f"{row.unit}: {row.effect:.2f}; {above:,} of {null.size:,} units of untrained twins have as much", quote=True)
    return f'<img alt="{told}" title="{told}" style="width:{drawn.width // 2}px" src="{data_uri(drawn)}">'
