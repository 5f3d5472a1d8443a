"""Evidence in words: counts first, q last, never stronger than the test; each says to which viewer and against what."""

from __future__ import annotations

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


def own_sentence(count: int, draws: int, photographs: int, q: float, family: int, viewer: str, tested: bool) -> str:
    """How many wrong pictures do as well."""
    if not tested:
        return "Not tested: the unit is constant on the photographs of one half, or there are too few of them."
    counted = f"{count:,} of {draws:,} wrong pictures do as well, to the viewer {viewer}"
    return f"{counted}; {photographs:,} photographs in two halves; q {figure(q)} over {family:,} units."


def twin_sentence(decision: Decision, count: int, units: UnitLevel, photographs: int, q: float, viewer: str, level: float) -> str:
    """How many twin units do as well, and what follows."""
    if decision.verdict is Verdict.NOT_TESTED:
        return "Not tested: the unit is constant on the photographs of one half, or there are too few of them."
    q_said = f"q {figure(q)} over {units.units:,} units" if units.can_show(level) or q > level else f"{units.twins} twins cannot show more"
    counted = f"{count:,} of {units.draws:,} units of {units.twins} untrained twins do as well, to the viewer {viewer}"
    return f"{decision.because[0].upper()}{decision.because[1:]}: {counted}; {photographs:,} photographs; {q_said}."


def family_sentence(gate: Gate, gate_q: float, level: float) -> str:
    """The gate: the network's rate among its twins'."""
    known = gate.reference
    if gate.statistic != gate.statistic or known.size == 0:
        return "not tested"
    said = f"{gate.statistic:.2f} of line-ups won, twins {known.min():.2f} to {known.max():.2f}; {gate.sentence(level)}; gate p {figure(gate.p)}"
    return f"{said}, {figure(gate_q)} over all families: {'open' if gate_q <= level else 'closed'}"
