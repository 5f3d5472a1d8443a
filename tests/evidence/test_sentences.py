from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optogram.evidence._claim import Measured
from optogram.evidence._sentences import alone_sentence, family_sentence, figure, own_sentence, twin_sentence
from optogram.evidence.identification import identification
from optogram.statistics.gate import family_gate, unit_level
from optogram.statistics.verdict import Findings, decide, decide_alone

FOUND = Measured(np.array([4.0, 1.0, np.nan]), np.array([1 / 7, 4 / 7, np.nan]), np.array([0, 3, 0]), 6, 1 / 7)
NAN = float("nan")


@pytest.mark.parametrize(("value", "said"), [(0.031, ".031"), (1.0, "1"), (0.5, ".5"), (0.00042, "4.2e-04"), (NAN, "none"), (0.2004, ".2")])
def test_figures_as_papers_print_them(value: float, said: str) -> None:
    assert figure(value) == said


def test_counts_come_first_and_q_last() -> None:
    said = own_sentence(identification, FOUND, 0, 700, float(FOUND.q[0]), "bank")
    assert said == "0 of 6 wrong pairs of unit and photographs do as well, to the viewer bank; 700 photographs in two halves; q .286 over 2 units."
    assert own_sentence(identification, FOUND, 1, 700, 0.571, "bank").startswith("3 of 6 ")


def test_what_was_not_tested_has_no_figures() -> None:
    said = own_sentence(identification, FOUND, 2, 700, NAN, "bank")
    assert said.startswith("Not tested: the unit is constant")
    noted = replace(FOUND, notes=("", "", "it is dead"))
    assert own_sentence(identification, noted, 2, 700, NAN, "bank") == "Not tested: it is dead."


def test_a_note_leads_and_a_claim_without_a_viewer_names_none() -> None:
    noted = replace(FOUND, notes=("class cat, AUC .9", "", ""))
    said = own_sentence(replace(identification, sees=False, rivals="shuffled labels"), noted, 0, 20, 0.28, "bank")
    assert said == "class cat, AUC .9. 0 of 6 shuffled labels do as well; 20 photographs in two halves; q .28 over 2 units."
    exact = replace(FOUND, draws=0)
    assert "Exact test against wrong pairs" in own_sentence(identification, exact, 0, 20, 0.28, "bank")


def test_twins_are_counted() -> None:
    rng = np.random.default_rng(0)
    units = unit_level(FOUND.effect, rng.standard_normal((25, 40)))
    known = Findings(0.01, 0.03, 0.03, float(units.p[0]), float(units.q[0]), units.least_q, 3.0, 5.0, units.reach(0.05))
    said = twin_sentence(identification, decide(known, identification.words), FOUND, 0, units, 700, "bank", 0.05)
    counted = "0 of 1,000 units of 25 untrained twins do as well, to the viewer bank; 700 photographs"
    reason = "its own best photographs pick it out better than other units' do, and more so than in untrained twins"
    assert said == f"{counted}: {reason}; q {figure(float(units.q[0]))} over 2 units."
    many = Measured(np.full(40, 4.0), np.full(40, 0.01), np.zeros(40, np.int64), 99, 0.01)
    few = unit_level(many.effect, rng.standard_normal((3, 40)))
    weak = replace(known, gate_p=0.25, gate_floor=0.25, twin_p=float(few.p[0]), twin_q=float(few.q[0]), twin_least=few.least_q)
    assert "3 twins cannot show more" in twin_sentence(identification, decide(weak), many, 0, few, 700, "bank", 0.05)


def test_a_claim_without_twins_says_that_it_says_nothing_about_learning() -> None:
    for q, word in ((0.01, "stands"), (0.1, "leans"), (0.5, "can't tell"), (NAN, "not tested")):
        decision = decide_alone(q)
        assert decision.verdict.value == word
        said = alone_sentence(identification, decision, FOUND, 0, 50, q, "bank")
        assert (said[0].isdigit(), "; 50 photographs: " in said) == (word != "not tested",) * 2, "counts first, then what follows"
        assert said.endswith("says nothing about learning.") == (word != "not tested")
    assert decide_alone(0.01, tested=False).verdict.value == "not tested"


def test_the_family_says_what_it_counts_and_over_how_many_sites() -> None:
    gate = family_gate(0.53, np.linspace(0.09, 0.25, 39))
    said = family_sentence(gate, 0.05, 0.05, "of line-ups of 32 won", 2)
    assert said == "0.53 of line-ups of 32 won, twins 0.09 to 0.25; 0 of 39 untrained twins do as well; gate p .025, .05 over 2 sites: open"
    assert family_sentence(gate, 0.06, 0.05, "of line-ups of 32 won", 1).endswith("over 1 site: closed")
    assert family_sentence(family_gate(NAN, np.ones(3)), NAN, 0.05, "won", 1) == "not tested"
