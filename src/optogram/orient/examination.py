"""How good a scorer is on photographs that it was not trained on, and which units speak for up, beside those of untrained twins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from optogram.orient.measures import accuracy, at_coverage, calibration_error, rightly
from optogram.orient.uprightness import Scorer
from optogram.result import Provenance, Result
from optogram.statistics.gate import Gate, family_gate, unit_level
from optogram.statistics.multiplicity import adjust

LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Speakers:
    """`shares` [unit, 3]: what each of `units` adds to the calibrated score of held-out photographs upright over that of their other turns, in nats,
    with its 95 % interval over photographs.

    Of the `loudest` units: what they add by `fields` [loudest, field] of the picture (row by row), and in which photographs most (`heard`).
    """

    SHOWN: ClassVar[int] = 8
    HEARD: ClassVar[int] = 3
    units: tuple[str, ...]
    shares: Float[np.ndarray, "unit 3"]
    loudest: Int[np.ndarray, " loudest"]
    fields: Float[np.ndarray, "loudest field"]
    heard: Int[np.ndarray, "loudest heard"]


@dataclass(frozen=True, eq=False)
class Examination(Result):
    """What a scorer answers for photographs that it was not trained on, each turn's calibrated score with the photograph's own first.

    `logits` [photo, 4]: column 0 is right. `encoded`, `blurred`: the same photographs after the controls, by the same scorers. `folds`: which fifth
    of the photographs each was held out with; `scorers`: one for each. `twin_shares` [twin, unit] and `twin_right` [twin]: what units of shuffled
    networks add, and how many photographs those answer rightly.
    """

    names: tuple[str, ...]
    folds: Int[np.ndarray, " photo"]
    logits: Float[np.ndarray, "photo 4"]
    encoded: Float[np.ndarray, "photo 4"]
    blurred: Float[np.ndarray, "photo 4"]
    speakers: Speakers
    twin_shares: Float[np.ndarray, "twin unit"]
    twin_right: Int[np.ndarray, " twin"]
    scorers: tuple[Scorer, ...]
    provenance: Provenance
    ARRAYS: ClassVar[tuple[str, ...]] = ("folds", "logits", "encoded", "blurred", "shares", "twin_shares", "twin_right")

    @property
    def shares(self) -> Float[np.ndarray, "unit 3"]:
        """What each unit adds, with its interval."""
        return self.speakers.shares

    @property
    def gate(self) -> Gate:
        """Accuracy beside that of twins."""
        return family_gate(float(rightly(self.logits).mean()), self.twin_right / len(self.names))

    @property
    def q(self) -> Float[np.ndarray, " unit"]:
        """Each unit's share against those of all twins' units of its site, corrected over all units; ones without twins."""
        if not len(self.twin_right):
            return np.ones(len(self.shares))
        sites = np.array([unit.rpartition(":")[0] for unit in self.speakers.units])
        p = np.ones(len(sites))
        for site in np.unique(sites):
            own = sites == site
            p[own] = unit_level(self.shares[own, 0], self.twin_shares[:, own]).p
        return adjust(p)

    def figure(self) -> Image.Image:
        """Coverage against accuracy, and the reliability diagram."""
        from optogram.drawing.sheet import stacked
        from optogram.orient.figures import coverage, reliability

        return stacked([coverage(self), reliability(self)])

    def loudest(self, count: int = 5) -> list[str]:
        """The units that add most, with their part of what all add; only those whose interval is above zero."""
        whole = self.shares[:, 0].sum()  # nought where nothing speaks, and then no unit is above it
        return [f"{self.speakers.units[unit]} ({100 * self.shares[unit, 0] / whole:.1f} %)" for unit in self._order(count)] or ["no unit"]

    def _order(self, count: int = 5) -> list[int]:
        return [int(unit) for unit in np.argsort(-self.shares[:, 0], kind="stable")[:count] if self.shares[unit, 1] > 0]

    def __str__(self) -> str:
        whole, half = accuracy(self.logits), at_coverage(self.logits, 0.5)
        controls = [float(accuracy(one).estimate) for one in (self.encoded, self.blurred)]
        said = (
            f"{int(rightly(self.logits).sum())} of {len(self.names)} held-out photographs answered rightly: {100 * whole.estimate:.1f} % "
            f"({100 * whole.low:.1f} to {100 * whole.high:.1f}; chance 25), of the more confident half {100 * half.estimate:.1f} % "
            f"({100 * half.low:.1f} to {100 * half.high:.1f}).\n"
            f"Controls: re-encoded {100 * controls[0]:.1f} %, blurred {100 * controls[1]:.1f} %. Confidence is off by "
            f"{100 * calibration_error(self.logits):.1f} points on average.\n"
            f"For up speak most: {', '.join(self.loudest())}."
        )
        unasked = "Untrained twins were not asked: `--twins 3` tells whether these units speak for up beyond theirs."
        return f"{said}\n{self._beside_twins() if len(self.twin_right) else unasked}"

    def _beside_twins(self) -> str:
        gate, q = self.gate, self.q
        rates = ", ".join(f"{100 * rate:.0f} %" for rate in gate.reference)
        return (
            f"Untrained twins answer {rates} rightly (p = {gate.p:.2g}, at best {gate.floor:.2g} with {gate.twins}). {int((q <= LEVEL).sum())} of "
            f"{len(q):,} units speak for up beyond what units of the twins do (q at most {LEVEL:g}){self._outliving(q)}."
        )

    def _outliving(self, q: Float[np.ndarray, " unit"]) -> str:
        """Which of those that speak most are among them."""
        order = self._order()
        if not order:
            return ""
        names = [self.speakers.units[unit] for unit in order if q[unit] <= LEVEL]
        return f"; of the {len(order)} that speak most, {', '.join(names) if names else 'none'}"
