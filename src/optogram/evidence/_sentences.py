"""Evidence in words: counts first, q last, never stronger than the test; each says to which viewer and against what."""

from __future__ import annotations

from optogram.evidence._claim import Claim, Measured
from optogram.statistics.gate import Gate, UnitLevel
from optogram.statistics.verdict import Decision, Verdict


def figure(value: float) -> str:
    """`.031`, `1`, `<.001`: as papers print a p or a q."""
    if value != value:
        return "none"
    if value < 0.001:
        return f"{value:.1e}"
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return text[1:] if text.startswith("0.") else text


NOT_TESTED = "Not tested: the unit is constant on the photographs of one half, there are too few of them, or no picture was made of it."
TOO_FEW = "too few units, of it or of its twins, could be tested for the family to be compared"


def own_sentence(claim: Claim, found: Measured, unit: int, photographs: int, q: float, viewer: str) -> str:
    """How many draws of the claim's own null do as well, or what an exact test says."""
    note = found.notes[unit] if found.notes else ""
    if not found.tested[unit]:
        return _not_tested(note)
    halves = " in two halves" if claim.halves else ""
    return f"{_led(note, _counted(claim, found, unit, viewer))}; {photographs:,} photographs{halves}; q {figure(q)} over {found.units:,} units."


def alone_sentence(claim: Claim, decision: Decision, found: Measured, unit: int, photographs: int, q: float, viewer: str) -> str:
    """The count, what follows from it in a claim that is not compared with twins, and that it isn't."""
    note = found.notes[unit] if found.notes else ""
    if decision.verdict is Verdict.NOT_TESTED:
        return _not_tested(note)
    said = f"{_led(note, _counted(claim, found, unit, viewer))}; {photographs:,} photographs: {decision.because}"
    return f"{said}; q {figure(q)} over {found.units:,} units. {claim.alone}"


def twin_sentence(claim: Claim, decision: Decision, found: Measured, unit: int, units: UnitLevel, photographs: int, viewer: str, level: float) -> str:
    """How many twin units do as well, and what follows."""
    note = found.notes[unit] if found.notes else ""
    if decision.verdict is Verdict.NOT_TESTED:
        return _not_tested(TOO_FEW if found.tested[unit] else note)
    q = float(units.q[unit])
    q_said = f"q {figure(q)} over {units.units:,} units" if units.can_show(level) or q > level else f"{units.twins} twins cannot show more"
    counted = f"{units.at_least[unit]:,} of {units.draws:,} units of {units.twins} untrained twins do as well{_seen(claim, viewer)}"
    return f"{_led(note, counted)}; {photographs:,} photographs: {decision.because}; {q_said}."


def family_sentence(gate: Gate, gate_q: float, level: float, said: str, sites: int, beyond_twins: bool = True, only: str = "") -> str:
    """The gate: the network's statistic among its twins', and what it became when corrected over sites; none where twins have no say.

    `only`: the kind of twin, where there is one; of others nothing is said.
    """
    known = gate.reference
    if gate.statistic != gate.statistic or (known.size == 0 and beyond_twins):
        return "not tested"
    if not known.size:
        return f"{gate.statistic:.2f} {said}"
    if not beyond_twins:
        return f"{gate.statistic:.2f} {said}, twins {known.min():.2f} to {known.max():.2f}; says nothing about learning"
    told = f"{gate.statistic:.2f} {said}, twins {known.min():.2f} to {known.max():.2f}; {gate.sentence(level)}; gate p {figure(gate.p)}"
    over = f"{sites} site{'s' if sites != 1 else ''}{' and either kind of twin' if gate.apart else ''}"
    return f"{told}, {figure(gate_q)} over {over}: {'open' if gate_q <= level else 'closed'}{f' ({only} twins only)' if only else ''}"


def _counted(claim: Claim, found: Measured, unit: int, viewer: str) -> str:
    """How many draws of the claim's own null do as well; what an exact test is against."""
    said = f"{found.at_least[unit]:,} of {found.draws:,} {claim.rivals} do as well" if found.draws else f"Exact test against {claim.rivals}"
    return f"{said}{_seen(claim, viewer)}"


def _seen(claim: Claim, viewer: str) -> str:
    return f", to the viewer {viewer}" if claim.sees else ""


def _led(note: str, said: str) -> str:
    return f"{note}. {said}" if note else said


def _not_tested(note: str) -> str:
    return f"Not tested: {note}." if note else NOT_TESTED
