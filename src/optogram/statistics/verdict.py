"""Five words for one claim about one unit, and the one function that chooses between them.

A claim stands on three legs: the wrong-picture null (`own_q`: is the picture about this unit?), the family gate (`gate_p`: is the family beyond
untrained twins?) and the unit level inside it (`twin_q`: is this unit?). Each leg *holds* at `level` (.05), is *near* at `lean` (.2), *fails* above,
or is *open* where too few twins were made to decide it (none at all, or fewer than `lean` needs, and nothing speaks against it).

The effect's interval stands beside the reach of the pooled twin units (what the greatest 5 % of them exceed): *inside* means that the whole interval
lies at or below it. An interval that crosses it is wide: it cannot tell this unit from a twin's, nor call it one.

The first row that fits decides:

    own picture    gate               twins' units       interval    verdict
    -----------    ---------------    ---------------    --------    ----------
    (no unit: dead, constant, too few photographs, NaN)              not tested
    holds          holds              holds              any         stands
    holds, near    holds, near, open  holds, near, open  any         leans
    holds          fails              holds              any         leans         one unit beyond the twins in a family that is not
    any            any                any                inside      salmon
    any            any                any                else        can't tell

So a salmon is a finding, not the lack of one: this unit's effect, known well, is what an untrained network's units also reach, whether its picture
is about it or not. "Can't tell" is the lack of one. A unit beyond its twins whose own picture is no better than wrong ones is told so, and neither
stands nor leans: the picture isn't about it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from optogram.errors import SettingError


class Verdict(StrEnum):
    """The five words, strongest first."""

    STANDS = "stands"
    LEANS = "leans"
    CANT_TELL = "can't tell"
    SALMON = "salmon"
    NOT_TESTED = "not tested"


class Leg(StrEnum):
    """How one test came out."""

    HOLDS = "holds"
    NEAR = "near"
    FAILS = "fails"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Words:
    """How reasons speak of a claim's own null: what a unit that holds does, what is the case of one that fails, and what the null is made of."""

    holds: str = "its own picture does better than wrong ones"
    fails: str = "other units' pictures do as well as its own too often to tell"
    null: str = "wrong pictures"


WORDS = Words()


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of one claim about one unit.

    `gate_floor` and `twin_least` are the least gate p and the least q of a unit found alone that so many twins allow (`Gate.floor`,
    `UnitLevel.least_q`; 1 without twins, with gate p, twin p and twin q 1 too). For several families give the corrected gate p. `low`, `high`: the
    effect's interval; `reach`: `UnitLevel.reach(level)`, on the same scale; NaN where there is none, and then nothing is called a salmon.
    """

    own_q: float
    gate_p: float
    gate_floor: float
    twin_p: float
    twin_q: float
    twin_least: float
    low: float
    high: float
    reach: float
    tested: bool = True
    level: float = 0.05
    lean: float = 0.2

    def __post_init__(self) -> None:
        """Raises `SettingError` for numbers that cannot be: limits the wrong way round, or finer than the draws allow."""
        if not 0 < self.level <= self.lean < 1:
            raise SettingError(f"0 < level <= lean < 1; got level {self.level}, lean {self.lean}.")
        if self.low > self.high:
            raise SettingError(f"an interval's low is at most its high; got {self.low:g} to {self.high:g}.")
        if self.gate_p < self.gate_floor - 1e-12 or self.twin_q < self.twin_p - 1e-12:
            gate = f"gate p {self.gate_p:g} with floor {self.gate_floor:g}"
            raise SettingError(f"floor <= p <= q must hold; got {gate}, twin p {self.twin_p:g} with q {self.twin_q:g}.")


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, how its three legs came out, and the reason in words that a sentence can go on from."""

    verdict: Verdict
    own: Leg
    gate: Leg
    twin: Leg
    because: str


def decide(findings: Findings, words: Words = WORDS) -> Decision:
    """The verdict by the table above; `words` are those of the claim."""
    own, gate, twin = legs(findings)
    if not findings.tested or any(math.isnan(value) for value in (findings.own_q, findings.gate_p, findings.twin_p, findings.twin_q)):
        return Decision(Verdict.NOT_TESTED, own, gate, twin, "the unit could not be tested")
    verdict, because = _row(findings, own, gate, twin, words)
    return Decision(verdict, own, gate, twin, because)


def decide_alone(own_q: float, tested: bool = True, level: float = 0.05, lean: float = 0.2, words: Words = WORDS) -> Decision:
    """The verdict of a claim that says nothing about learning, and so meets its own null only: it is never a salmon.

    Stands where q is at most `level`, leans where it is at most `lean`; the two other legs are open.
    """
    if not tested or math.isnan(own_q):
        return Decision(Verdict.NOT_TESTED, Leg.FAILS, Leg.OPEN, Leg.OPEN, "the unit could not be tested")
    if own_q <= level:
        return Decision(Verdict.STANDS, Leg.HOLDS, Leg.OPEN, Leg.OPEN, words.holds)
    if own_q <= lean:
        return Decision(Verdict.LEANS, Leg.NEAR, Leg.OPEN, Leg.OPEN, f"not beyond doubt against {words.null}")
    return Decision(Verdict.CANT_TELL, Leg.FAILS, Leg.OPEN, Leg.OPEN, words.fails)


def legs(findings: Findings) -> tuple[Leg, Leg, Leg]:
    """How own picture, gate and twins' units came out."""
    own = _leg(findings, findings.own_q)
    gate = _leg(findings, findings.gate_p)
    if gate is Leg.FAILS and findings.gate_floor > findings.lean and findings.gate_p <= findings.gate_floor + 1e-12:
        gate = Leg.OPEN
    twin = _leg(findings, findings.twin_q)
    few = findings.twin_least > findings.lean
    if twin is Leg.FAILS and few and (findings.twin_p <= findings.level or findings.gate_floor >= 1):
        twin = Leg.OPEN
    return own, gate, twin


def _row(findings: Findings, own: Leg, gate: Leg, twin: Leg, words: Words) -> tuple[Verdict, str]:
    if own is gate is twin is Leg.HOLDS:
        return Verdict.STANDS, f"{words.holds}, and more so than in untrained twins"
    if own is not Leg.FAILS and gate is not Leg.FAILS and twin is not Leg.FAILS:
        return Verdict.LEANS, _missing(own, gate, twin, words)
    if own is twin is Leg.HOLDS and gate is Leg.FAILS:
        return Verdict.LEANS, "the unit is beyond the twins' units, but its family is not beyond the twins'"
    if findings.high <= findings.reach:
        return Verdict.SALMON, "an untrained network says the same"
    if own is Leg.FAILS and twin is Leg.HOLDS:
        return Verdict.CANT_TELL, f"beyond the twins' units, but {words.fails}"
    if math.isnan(findings.high) or math.isnan(findings.reach):
        return Verdict.CANT_TELL, "not shown to be beyond an untrained network's units; without an interval, not said to be like them either"
    return Verdict.CANT_TELL, "the interval is too wide to tell it from an untrained network's units, or to say that it is like them"


def _missing(own: Leg, gate: Leg, twin: Leg, words: Words) -> str:
    if Leg.OPEN in (gate, twin):
        return "too few twins were made to show more"
    named = ((words.null, own), ("the twins' families", gate), ("the twins' units", twin))
    return "not beyond doubt against " + " and ".join(name for name, leg in named if leg is Leg.NEAR)


def _leg(findings: Findings, value: float) -> Leg:
    if value <= findings.level:
        return Leg.HOLDS
    return Leg.NEAR if value <= findings.lean else Leg.FAILS
