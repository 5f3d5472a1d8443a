from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optogram.errors import SettingError
from optogram.evidence._claim import Claim, Families, Measured, mean_of, none_tested
from optogram.evidence._family import Family, Settling, settle
from optogram.evidence._line_up import measured
from optogram.evidence._twin_kinds import Asked, kinds_of
from optogram.evidence._twins import TwinMeasure
from optogram.evidence._view import Patches, SiteView, similarity
from optogram.evidence.identification import Identification, identification
from optogram.statistics.gate import corrected, family_gate, unit_level

UNITS, TWINS, PHOTOGRAPHS, PROBES = 12, 24, 40, 4


class Planted(Identification):
    """Identification whose effects and intervals are given, so that what becomes of them can be followed."""

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        return found.effect - 0.2, found.effect + 0.2


PLANTED = Planted("planted", "Planted", "margin", "wrong picture", "wrong pictures")


def matrix(rng: np.random.Generator, own: float, living: int = UNITS) -> np.ndarray:
    found = rng.standard_normal((UNITS, UNITS)) + own * np.eye(UNITS)
    found[living:] = found[:, living:] = np.nan
    return found


def view() -> SiteView:
    rng = np.random.default_rng(9)
    photograph = np.repeat(np.arange(PHOTOGRAPHS), PROBES)
    seen = Patches(similarity(rng.standard_normal((len(photograph), 8)).astype(np.float32)), photograph % 2, photograph)
    responses = rng.standard_normal((len(photograph), UNITS)).astype(np.float32)
    responses[:, UNITS - 1] = 0
    return SiteView(SimpleNamespace(address="site", units=UNITS), responses, seen)


def family(own: float, twins: float, claim: Identification = PLANTED, count: int = TWINS) -> Family:
    rng = np.random.default_rng(2)
    found = measured(matrix(rng, own, UNITS - 1))
    others = [TwinMeasure(measured(matrix(rng, twins), found), 1.0, 4.0, 2.0) for _ in range(count)]
    return Family.of(claim, view(), "bank", found, others, ["reinit"] * count)


def test_every_unit_has_its_own_null_and_the_twins() -> None:
    one = family(9.0, 0.0)
    rows, _ = settle(one, Settling(one.gate.p, 1, 0.05))
    assert [(row.unit, row.null) for row in rows] == [(f"site:{unit}", null) for unit in range(UNITS) for null in ("wrong picture", "twins")]
    effects = np.stack([twin.found.effect for twin in one.twins])
    level = unit_level(one.found.effect, effects)
    for unit in range(UNITS - 1):
        own, twins = rows[2 * unit : 2 * unit + 2]
        assert (own.p, own.q, own.count, own.draws) == (one.found.p[unit], one.found.q[unit], one.found.at_least[unit], one.found.draws)
        assert (twins.p, twins.q, twins.count, twins.draws) == (level.p[unit], level.q[unit], level.at_least[unit], effects.size)
        assert own.effect == twins.effect == one.found.effect[unit]
        assert own.verdict == twins.verdict


def test_the_verdict_follows_from_all_three_legs() -> None:
    found = settle(one := family(9.0, 0.0), Settling(one.gate.p, 1, 0.05))[0]
    assert {row.verdict for row in found[: 2 * (UNITS - 1)]} == {"stands"}
    assert {row.verdict for row in found[2 * (UNITS - 1) :]} == {"not tested"}
    closed = settle(one, Settling(0.6, 9, 0.05))[0]
    assert {row.verdict for row in closed[: 2 * (UNITS - 1)]} == {"leans"}, "a closed gate, whatever the units say"
    alike = settle(one := family(9.0, 9.0), Settling(one.gate.p, 1, 0.05))[0]
    assert "stands" not in {row.verdict for row in alike}
    assert "salmon" in {row.verdict for row in alike}, "identified as surely as the twins' units are"


def test_the_summary_says_what_was_measured() -> None:
    one = family(9.0, 0.0)
    _, summary = settle(one, Settling(0.04, 7, 0.05, [1, 2], [0, 1]))
    rates = one.claim.families(one.found, [twin.found for twin in one.twins])
    assert (summary.observed, summary.gate_p) == (rates.observed, family_gate(rates.observed, rates.twins).p)
    np.testing.assert_array_equal(summary.families, rates.twins)
    assert (summary.tested, summary.units, summary.photographs) == (UNITS - 1, UNITS, PHOTOGRAPHS)
    assert summary.identified == int((one.found.q <= 0.05).sum())
    assert summary.gate_open
    assert summary.sentence.endswith("over 7 sites: open (reinit twins only)"), "nothing is said of another kind"
    assert f"of line-ups of {UNITS - 1} won" in summary.sentence, "the network's dead unit shortens the twins' line-up too"
    assert (summary.twin_identified, summary.twin_stands) == ((1, 2), (0, 1))
    assert not settle(one, Settling(0.06, 7, 0.05))[1].gate_open
    assert summary.confounds["living units"] == pytest.approx((UNITS - 1) / UNITS)
    assert summary.confounds["participation ratio, twins' median"] == 4.0
    assert summary.confounds["spread, twins over network"] == pytest.approx(2.0 / np.median(one.view.responses.std(axis=0)))


def test_a_family_that_one_kind_of_twin_equals_does_not_stand() -> None:
    rng = np.random.default_rng(3)
    found = measured(matrix(rng, 9.0))
    kinds = [("reinit", "shuffle")[number % 2] for number in range(39)]
    others = [TwinMeasure(measured(matrix(rng, 9.0 if number in (3, 5) else 0.0), found), 1.0, 4.0, 2.0) for number in range(39)]
    one = Family.of(PLANTED, view(), "bank", found, others, kinds)
    q = float(corrected([one.gate])[0])
    assert one.gate.exceeding >= 1
    assert q >= one.gate.hardest > 0.05
    rows, summary = settle(one, Settling(q, 1, 0.05))
    assert "stands" not in {row.verdict for row in rows}
    assert (summary.kinds, summary.gate_open) == (("reinit", "shuffle"), False)
    assert "of 20 reinit and " in summary.sentence
    assert "over 1 site and either kind of twin: closed" in summary.sentence


def test_a_claim_without_twins_has_one_row_and_no_salmon() -> None:
    alone = Planted("planted", "Planted", "margin", "wrong picture", "wrong pictures", beyond_twins=False, sees=False)
    one = family(9.0, 9.0, alone)
    rows, summary = settle(one, Settling(one.gate.p, 1, 0.05))
    assert [row.null for row in rows] == ["wrong picture"] * UNITS
    assert {row.verdict for row in rows} == {"stands", "not tested"}
    assert {row.viewer for row in rows} == {summary.viewer} == {""}
    assert all("nothing about learning" in row.sentence for row in rows if row.verdict == "stands")


class Counted(Claim):
    """A claim whose effects and p are given; the family's figure is the mean effect."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        return none_tested(UNITS)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        return found.effect - 0.5, found.effect + 0.5

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        return mean_of("effect", network, twins, "on average")


@st.composite
def measures(draw: st.DrawFn) -> Measured:
    """Any counts of any number of draws, dead units among them, effects with ties."""
    draws = draw(st.integers(0, 50))
    count = np.array(draw(st.lists(st.integers(0, draws), min_size=UNITS, max_size=UNITS)))
    effect = np.array(draw(st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 3.0, np.nan]), min_size=UNITS, max_size=UNITS)))
    p = np.where(np.isnan(effect), np.nan, (1 + count) / (1 + draws))
    return Measured(effect, p, np.where(np.isnan(p), 0, count), draws, 1 / (1 + draws))


@settings(max_examples=25, deadline=None)
@given(measures(), st.lists(measures(), min_size=1, max_size=40), st.sampled_from([None, "reinit", "both"]), st.integers(1, 40))
def test_floor_p_and_q_are_in_order_in_every_table(found: Measured, others: list[Measured], asked: Asked, sites: int) -> None:
    claim = Counted("counted", "Counted", "effect", "draws", "draws")
    twins = [TwinMeasure(one, 1.0, 4.0, 2.0) for one in others]
    one = Family.of(claim, view(), "bank", found, twins, kinds_of(asked, len(twins)))
    q = float(np.minimum(1, corrected([one.gate])[0] * sites))
    rows, summary = settle(one, Settling(q, sites, 0.05))
    assert len(rows) == 2 * UNITS
    for row in rows:
        if row.p == row.p:
            assert 0 < row.floor <= row.p <= row.q <= 1
            assert row.p == pytest.approx((1 + row.count) / (1 + row.draws))
        if row.verdict == "stands":
            assert max(q, row.q, one.gate.hardest) <= 0.05
            assert summary.gate_open
        if q == q:
            assert 1 / (1 + len(twins)) <= summary.gate_p <= q + 1e-12


def test_a_claim_whose_numbers_cannot_be_is_refused() -> None:
    one = family(9.0, 0.0)
    finer = replace(one, found=replace(one.found, floor=0.5))
    with pytest.raises(SettingError, match="have p below its floor"):
        settle(finer, Settling(1.0, 1, 0.05))


def test_no_finer_number_than_the_draws_allow() -> None:
    for count in (1, 3, 24):
        one = family(9.0, 0.0, identification, count)
        for row in settle(one, Settling(one.gate.p, 1, 0.05))[0]:
            if row.p == row.p:
                assert row.floor <= row.p <= row.q <= 1
            if count < 21:
                assert row.verdict != "stands"
