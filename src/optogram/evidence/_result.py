"""What `og.judge` answers: a row for every unit, claim and null, and a summary of every claim at every site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Row:
    """One statement about one unit, tested against one null.

    `effect` with its interval `low`..`high` over photographs; `count` of `draws` null draws did as well; floor <= p <= q. NaN
    where not tested. `verdict` and `sentence` are the claim's, and the same for its rows against other nulls.
    """

    unit: str
    site: str
    index: int
    claim: str
    viewer: str
    null: str
    effect: float
    low: float
    high: float
    p: float
    q: float
    floor: float
    count: int
    draws: int
    verdict: str
    sentence: str


COLUMNS = tuple(column.name for column in fields(Row))


@dataclass(frozen=True)
class SiteClaim:
    """One claim at one site, to one viewer: the family and its gate.

    `observed` is the network's family statistic, `families` each twin's, `gate_p` = (1 + b) / (1 + twins); `effects` are the
    twin units' [twin, unit] (NaN where not tested), which the viewer draws as dots. `confounds` holds what SCIENCE calls by
    that name: participation ratios, share of living units, spread, of the network and of its twins. `identified` counts the
    units that pass the claim's own null; `twin_identified` and `twin_stands` what the same rules claim of each twin. `statistic`
    says in words what `observed` counts.
    """

    site: str
    claim: str
    title: str
    unit_of_effect: str
    viewer: str
    chance: float
    photographs: int
    tested: int
    units: int
    observed: float
    families: Float[np.ndarray, " twin"]
    gate_p: float
    gate_open: bool
    kinds: tuple[str, ...]
    effects: Float[np.ndarray, "twin unit"]
    sentence: str
    identified: int
    twin_identified: tuple[int, ...]
    twin_stands: tuple[int, ...]
    confounds: Mapping[str, float] = field(default_factory=dict)
    statistic: str = "of line-ups won"


@dataclass(frozen=True)
class Evidence(Result):
    """Every row, every family. Prints as a table of what stands, what an untrained network says too, and what nobody can tell.

    `twin`: the same of one untrained twin, judged against the others, where `judge` was given its sweep.
    """

    rows: tuple[Row, ...]
    families: tuple[SiteClaim, ...]
    provenance: Provenance
    level: float = 0.05
    twin: Evidence | None = None

    ARRAYS = COLUMNS

    def select(self, keep: Callable[[Row], bool]) -> Evidence:
        """The rows for which `keep` is true; the corrections stay those of the whole family."""
        return replace(self, rows=tuple(row for row in self.rows if keep(row)))

    def of(self, unit: str) -> list[Row]:
        """Every row of one unit, by its canonical address."""
        return [row for row in self.rows if row.unit == unit]

    def family(self, site: str, claim: str) -> SiteClaim:
        """The summary of one claim at one site."""
        return next(family for family in self.families if (family.site, family.claim) == (site, claim))

    def verdicts(self, site: str | None = None, claim: str | None = None) -> Counter[str]:
        """How many units have each verdict; a unit counts once a claim."""
        chosen = {(row.unit, row.claim, row.viewer): row.verdict for row in self.rows if site in (None, row.site) and claim in (None, row.claim)}
        return Counter(chosen.values())

    def __getattr__(self, name: str) -> np.ndarray:
        """A column of the table as an array, a value a row: `unit`, `claim`, `effect`, `low`, `high`, `null`, `p`, `q`, `verdict` ..."""
        if name.startswith("_") or name not in COLUMNS:
            raise AttributeError(f"Evidence has no column {name!r}; its columns are {', '.join(COLUMNS)}")
        return np.array([getattr(row, name) for row in self.rows])

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def figure(self) -> Image:
        """Each site's families: the network's figure against its twins'."""
        from optogram.evidence._figure import figure

        return figure(self)

    def __str__(self) -> str:
        return "\n".join(family_lines(self.families, self))

    def _repr_html_(self) -> str:
        from optogram.evidence._notebook import as_html

        return as_html(self)


def family_lines(families: Sequence[SiteClaim], evidence: Evidence) -> list[str]:
    """One line a family: site, claim, how many units of each verdict, and the gate."""
    lines = []
    for family in families:
        counts = evidence.verdicts(family.site, family.claim)
        said = ", ".join(f"{counts[word]} {word}" for word in ("stands", "leans", "can't tell", "salmon", "not tested") if counts[word])
        told = _why_not(family, evidence) if set(counts) == {"not tested"} else family.sentence
        lines.append(f"{family.site:<28} {family.claim:<25} {said}; {told}")
    return lines


def _why_not(family: SiteClaim, evidence: Evidence) -> str:
    """Why nothing could be tested at a site, as its first unit's row says."""
    reasons = (row.sentence for row in evidence.rows if (row.site, row.claim) == (family.site, family.claim))
    return next(reasons, family.sentence)
