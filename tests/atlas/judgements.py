"""Evidence written by hand, so that what the atlas makes of it can be told in advance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optogram.evidence._result import Evidence, Row, SiteClaim
from optogram.result import Provenance

NAN = float("nan")


def rows(site: str, index: int, verdict: str, effect: float, own_q: float = 0.01, claim: str = "identification") -> list[Row]:
    """A unit's two rows: against wrong pictures and against twins."""

    def row(null: str, p: float, q: float, count: int, draws: int) -> Row:
        tested = verdict != "not tested"
        numbers = (effect, effect - 0.1, effect + 0.1, p, q, 1 / (draws + 1)) if tested else (NAN,) * 6
        return Row(f"{site}:{index}", site, index, claim, "bank", null, *numbers, count, draws, verdict, f"{null}: {verdict}")

    return [row("wrong pictures", own_q / 2, own_q, 3, 999), row("twins", 0.02, 0.04, 1, 99)]


def family(site: str, verdicts: Sequence[str], *, identified: int = 0, gate_open: bool = True, claim: str = "identification") -> SiteClaim:
    effects = np.linspace(-1, 1, 3 * len(verdicts)).reshape(3, -1)
    effects[1, 0] = NAN
    return SiteClaim(
        site=site,
        claim=claim,
        title="Its photographs say what drives it",
        unit_of_effect="share of line-ups won",
        viewer="bank",
        chance=0.25,
        photographs=40,
        tested=sum(verdict != "not tested" for verdict in verdicts),
        units=len(verdicts),
        observed=0.6,
        families=np.array([0.2, 0.3, NAN]),
        gate_p=0.25,
        gate_open=gate_open,
        kinds=("reinit",),
        effects=effects,
        sentence=f"{site} said",
        identified=identified,
        twin_identified=(1, 2, 0),
        twin_stands=(0, 0, 1),
        confounds={"spread": 1.5, "alive": NAN},
    )


def evidence(parts: Sequence[tuple[SiteClaim, Sequence[list[Row]]]]) -> Evidence:
    found = tuple(row for _, units in parts for unit in units for row in unit)
    return Evidence(found, tuple(one for one, _ in parts), Provenance("judge", "net", "0" * 16))


def site(address: str, told: Sequence[tuple[str, float]], *, identified: int = 0, gate_open: bool = True, claim: str = "identification"):  # type: ignore[no-untyped-def]
    """A family and its units' rows from (verdict, effect) pairs."""
    whole = family(address, [verdict for verdict, _ in told], identified=identified, gate_open=gate_open, claim=claim)
    twins = whole.effects[np.isfinite(whole.effects)]
    units = []
    for index, (verdict, effect) in enumerate(told):
        own, against = rows(address, index, verdict, effect, claim=claim)
        units.append([own, replace(against, count=int(np.sum(twins >= effect)), draws=twins.size)])
    return whole, units
