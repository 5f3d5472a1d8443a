from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optogram.errors import SettingError
from optogram.statistics.verdict import Findings, Leg, Verdict, decide

NAN = float("nan")
BEST = Findings(own_q=0.001, gate_p=0.025, gate_floor=0.025, twin_p=0.0004, twin_q=0.01, twin_least=0.0256, low=3.0, high=6.0, reach=2.0)
INSIDE, ACROSS = {"low": -0.5, "high": 1.5}, {"low": 0.5, "high": 4.0}
NO_TWINS = {"gate_p": 1.0, "gate_floor": 1.0, "twin_p": 1.0, "twin_q": 1.0, "twin_least": 1.0, "reach": NAN}
THREE_TWINS = {"gate_p": 0.25, "gate_floor": 0.25, "twin_p": 0.005, "twin_q": 0.33, "twin_least": 0.33}
EIGHT_TWINS = {"gate_p": 1 / 9, "gate_floor": 1 / 9, "twin_p": 0.002, "twin_q": 0.12, "twin_least": 0.12}
CLOSED, NEARLY_OPEN = {"gate_p": 0.5}, {"gate_p": 0.1}
LIKE_TWINS, NEARLY_TWINS, BEYOND_BY_CHANCE = {"twin_p": 0.4, "twin_q": 0.6}, {"twin_p": 0.04, "twin_q": 0.15}, {"twin_p": 0.04, "twin_q": 0.3}

TABLE = [
    ("all hold", {}, Verdict.STANDS),
    ("all hold, at the level exactly", {"own_q": 0.05, "gate_p": 0.05, "twin_p": 0.05, "twin_q": 0.05}, Verdict.STANDS),
    ("all hold, wide interval", ACROSS, Verdict.STANDS),
    ("own picture near", {"own_q": 0.15}, Verdict.LEANS),
    ("gate near", NEARLY_OPEN, Verdict.LEANS),
    ("twins near", NEARLY_TWINS, Verdict.LEANS),
    ("everything near", {"own_q": 0.2, **NEARLY_OPEN, **NEARLY_TWINS, **ACROSS}, Verdict.LEANS),
    ("eight twins, none does as well", EIGHT_TWINS, Verdict.LEANS),
    ("three twins, none does as well", THREE_TWINS, Verdict.LEANS),
    ("three twins, one family does as well", {**THREE_TWINS, "gate_p": 0.5, **ACROSS}, Verdict.CANT_TELL),
    ("three twins, their units do as well", {**THREE_TWINS, **LIKE_TWINS, **INSIDE}, Verdict.SALMON),
    ("identified, no twins made", NO_TWINS, Verdict.LEANS),
    ("not identified, no twins made", {**NO_TWINS, "own_q": 0.6}, Verdict.CANT_TELL),
    ("beyond the twins' units in a closed family", {**CLOSED, **ACROSS}, Verdict.LEANS),
    ("nearly beyond them in a closed family", {**CLOSED, **NEARLY_TWINS, **ACROSS}, Verdict.CANT_TELL),
    ("identified as twins are, gate open", {**LIKE_TWINS, **INSIDE}, Verdict.SALMON),
    ("identified as twins are, gate closed", {**CLOSED, **LIKE_TWINS, **INSIDE}, Verdict.SALMON),
    ("identified, interval ends at the reach", {**LIKE_TWINS, "low": 0.5, "high": 2.0}, Verdict.SALMON),
    ("identified, interval crosses the reach", {**LIKE_TWINS, **ACROSS}, Verdict.CANT_TELL),
    ("not identified, as twins", {"own_q": 0.8, **LIKE_TWINS, **INSIDE}, Verdict.SALMON),
    ("below all twins", {"own_q": 0.9, "twin_p": 1.0, "twin_q": 1.0, "low": -9.0, "high": -8.0}, Verdict.SALMON),
    ("not identified, wide", {"own_q": 0.8, **LIKE_TWINS, **ACROSS}, Verdict.CANT_TELL),
    ("not identified, beyond the twins", {"own_q": 0.8}, Verdict.CANT_TELL),
    ("identified, uncorrected beyond the twins only", {**BEYOND_BY_CHANCE, **ACROSS}, Verdict.CANT_TELL),
    ("no interval, as twins", {**LIKE_TWINS, "low": NAN, "high": NAN}, Verdict.CANT_TELL),
    ("dead", {"tested": False}, Verdict.NOT_TESTED),
    ("no q", {"own_q": NAN}, Verdict.NOT_TESTED),
    ("no twin p", {"twin_p": NAN, "twin_q": NAN}, Verdict.NOT_TESTED),
]

graded = st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.3, 1.0])
findings = st.builds(
    lambda own, gate, p, q, low, width: replace(
        BEST, own_q=own, gate_p=gate, gate_floor=0.01, twin_p=min(p, q), twin_q=max(p, q), low=low, high=low + width
    ),
    graded, graded, graded, graded, st.floats(-4, 4), st.floats(0, 8),
)  # fmt: skip


@pytest.mark.parametrize(("case", "changes", "verdict"), TABLE, ids=[row[0] for row in TABLE])
def test_the_table(case: str, changes: dict[str, float], verdict: Verdict) -> None:
    assert decide(replace(BEST, **changes)).verdict is verdict


def test_the_five_words() -> None:
    assert [word.value for word in Verdict] == ["stands", "leans", "can't tell", "salmon", "not tested"]
    assert {row[2] for row in TABLE} == set(Verdict)


@given(known=findings)
def test_no_verdict_reads_stronger_than_its_tests(known: Findings) -> None:
    decision = decide(known)
    if decision.verdict is Verdict.STANDS:
        assert max(known.own_q, known.gate_p, known.twin_q) <= 0.05
    if decision.verdict is Verdict.LEANS:
        assert max(known.own_q, known.twin_q) <= 0.2
        assert known.gate_p <= 0.2 or known.twin_q <= 0.05
    if decision.verdict is Verdict.SALMON:
        assert known.high <= known.reach
        assert known.twin_q > 0.2 or known.own_q > 0.2 or known.gate_p > 0.2
    if decision.verdict is Verdict.CANT_TELL:
        assert known.high > known.reach
    assert decision.because


@given(known=findings, leg=st.sampled_from(["own_q", "gate_p", "twin_q"]), worse=graded)
def test_weaker_evidence_never_strengthens_a_claim(known: Findings, leg: str, worse: float) -> None:
    strength = {Verdict.STANDS: 2, Verdict.LEANS: 1}
    weaker = replace(known, **{leg: max(worse, getattr(known, leg))})
    assert strength.get(decide(weaker).verdict, 0) <= strength.get(decide(known).verdict, 0)


@pytest.mark.parametrize(("own", "gate", "twin"), list(itertools.product([0.01, 0.1, 0.6], repeat=3)))
def test_reasons_name_what_is_missing(own: float, gate: float, twin: float) -> None:
    decision = decide(replace(BEST, own_q=own, gate_p=gate, gate_floor=0.01, twin_p=min(twin, 0.04), twin_q=twin, **ACROSS))
    named = {"wrong pictures": own, "the twins' families": gate, "the twins' units": twin}
    if decision.verdict is Verdict.LEANS and Leg.FAILS not in (decision.own, decision.gate, decision.twin):
        assert all((name in decision.because) == (value == 0.1) for name, value in named.items())


def test_reasons_in_words() -> None:
    assert decide(BEST).because == "its own picture does better than wrong ones, and more so than in untrained twins"
    assert decide(replace(BEST, **EIGHT_TWINS)).because == "not beyond doubt against the twins' families and the twins' units"
    assert decide(replace(BEST, **NO_TWINS)).because == "too few twins were made to show more"
    assert decide(replace(BEST, **LIKE_TWINS, **INSIDE)).because == "an untrained network says the same"
    assert "other units' pictures" in decide(replace(BEST, own_q=0.8)).because
    assert "the interval is too wide" in decide(replace(BEST, **LIKE_TWINS, **ACROSS)).because
    without = decide(replace(BEST, **LIKE_TWINS, low=float("nan"), high=float("nan")))
    assert (without.verdict, "without an interval" in without.because) == (Verdict.CANT_TELL, True)


def test_numbers_that_cannot_be() -> None:
    for changes, said in (
        ({"low": 2.0, "high": 1.0}, "low is at most its high"),
        ({"gate_p": 0.01}, "floor <= p <= q"),
        ({"twin_q": 0.0001}, "floor <= p <= q"),
        ({"lean": 0.01}, "level <= lean"),
    ):
        with pytest.raises(SettingError, match=said):
            replace(BEST, **changes)
