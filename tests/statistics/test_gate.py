from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from optogram.errors import NonFiniteError, SettingError
from optogram.statistics.gate import corrected, family_gate, twins_needed, unit_level
from optogram.statistics.intervals import clopper_pearson
from optogram.statistics.multiplicity import adjust, check_order

NULLS = [(units, icc, heavy) for units in (64, 256) for icc in (0.0, 0.1, 0.3) for heavy in (False, True)]


def networks(rng: np.random.Generator, count: int, units: int, icc: float, heavy: bool) -> np.ndarray:
    """[network, unit]: effects that hang together within a network by `icc`; normal, or Student's t with 4 degrees of freedom."""

    def draw(*shape: int) -> np.ndarray:
        return rng.standard_t(4, shape) / np.sqrt(2) if heavy else rng.standard_normal(shape)

    return np.sqrt(icc) * draw(count, 1) + np.sqrt(1 - icc) * draw(count, units)


def claims(families: int, units: int, icc: float, heavy: bool, seed: int = 0) -> tuple[int, int]:
    """Of that many networks that are no more than their 39 twins: how many gates open, how many claim a unit by pooled p."""
    rng = np.random.default_rng(seed)
    gates = pooled = 0
    for _ in range(families):
        drawn = networks(rng, 40, units, icc, heavy)
        gates += family_gate(drawn[0].mean(), drawn[1:].mean(axis=1)).open_at()
        pooled += bool((unit_level(drawn[0], drawn[1:]).q <= 0.05).any())
    return gates, pooled


@pytest.mark.parametrize(("units", "icc", "heavy"), [(64, 0.0, False), (64, 0.3, True), (256, 0.1, False)])
def test_both_levels_hold_where_the_network_is_a_twin(units: int, icc: float, heavy: bool) -> None:
    gates, pooled = claims(400, units, icc, heavy)
    assert clopper_pearson(gates, 400).low <= 0.05
    assert clopper_pearson(gates, 400).high >= 0.05, "exact, not conservative"
    assert clopper_pearson(pooled, 400).low <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("units", "icc", "heavy"), NULLS)
def test_both_levels_at_every_stated_null(units: int, icc: float, heavy: bool) -> None:
    """Gate .035 to .065, pooled p with Benjamini-Hochberg 0 to .04 of 1,000 families."""
    gates, pooled = claims(1000, units, icc, heavy, seed=1)
    assert 0.035 <= gates / 1000 <= 0.07
    assert pooled / 1000 <= 0.045
    assert clopper_pearson(gates, 1000).low <= 0.05
    assert clopper_pearson(pooled, 1000).low <= 0.05


def test_units_against_their_own_draws_would_be_bounded_by_the_twins() -> None:
    """Why units are pooled: 39 twins give one unit no p below 1/40, and no family of 64 a q below .05."""
    drawn = networks(np.random.default_rng(2), 40, 64, 0.0, False)
    strong = drawn[0] + np.where(np.arange(64) < 3, 8, 0)
    own = (1 + np.sum(drawn[1:] >= strong, axis=0)) / 40
    assert (adjust(own) > 0.05).all()
    assert list(np.flatnonzero(unit_level(strong, drawn[1:]).q <= 0.05)) == [0, 1, 2]


def test_the_gate_counts() -> None:
    gate = family_gate(0.5, np.r_[np.linspace(0, 0.4, 18), 0.5])
    assert (gate.exceeding, gate.twins, gate.p, gate.floor) == (1, 19, 0.1, 0.05)
    assert not gate.open_at(0.05)
    assert gate.can_open(0.05)
    assert gate.sentence() == "1 of 19 untrained twins do as well"
    few = family_gate(0.5, np.linspace(0, 0.4, 8))
    assert few.p == few.floor == pytest.approx(1 / 9)
    assert not few.can_open()
    assert few.sentence() == "0 of 8 untrained twins do as well; 8 twins cannot show more"


def test_a_family_must_be_beyond_the_twins_of_each_kind_by_themselves() -> None:
    kinds = ["low"] * 20 + ["high"] * 19
    statistics = np.r_[np.linspace(0, 0.4, 20), np.linspace(0.4, 0.8, 19)]
    between = family_gate(0.79, statistics, kinds)
    assert (between.p, between.hardest, between.least) == (2 / 40, 2 / 20, 1 / 20)
    assert not between.open_at()
    assert between.sentence() == "1 of 39 untrained twins (0 of 20 low and 1 of 19 high) do as well"
    beyond = family_gate(0.9, statistics, kinds)
    assert (beyond.p, beyond.hardest, beyond.open_at(), beyond.can_open()) == (1 / 40, 1 / 20, True, True)
    assert not family_gate(0.9, statistics[:-1], kinds[:-1]).can_open(), "18 of a kind are too few"
    assert family_gate(0.9, statistics, ["low"] * 39).apart == ()
    untested = family_gate(0.9, np.where(np.arange(39) < 20, statistics, np.nan), kinds)
    assert (untested.p, untested.hardest) == (1 / 21, 1.0), "a kind of which no twin could be tested shows nothing"
    assert np.isnan(family_gate(float("nan"), statistics, kinds).hardest)
    np.testing.assert_allclose(corrected([beyond, between, family_gate(0.9, statistics)]), [0.05, 0.1, 0.0375])


@pytest.mark.parametrize("apart", [0.0, 1.0, 5.0])
def test_a_network_of_either_kind_is_called_more_in_at_most_five_per_cent(apart: float) -> None:
    """One kind scores higher by `apart` of its standard deviations: one kind's twins alone, or all as one, would open for the other."""
    rng = np.random.default_rng(1)
    kinds = [("reinit", "shuffle")[number % 2] for number in range(39)]
    higher = np.array([apart * (kind == "shuffle") for kind in kinds])
    opened = {"reinit": 0, "shuffle": 0, "one kind": 0}
    for _ in range(600):
        for own in ("reinit", "shuffle"):
            opened[own] += family_gate(rng.standard_normal() + apart * (own == "shuffle"), rng.standard_normal(39) + higher, kinds).open_at()
        opened["one kind"] += family_gate(rng.standard_normal() + apart, rng.standard_normal(39)).open_at()
    assert all(clopper_pearson(opened[own], 600).low <= 0.05 for own in ("reinit", "shuffle"))
    assert clopper_pearson(opened["one kind"], 600).low > 0.05 or apart == 0


def test_twins_that_could_not_be_tested_are_dropped() -> None:
    gate = family_gate(0.5, np.array([0.1, np.nan, 0.2]))
    assert (gate.twins, gate.p) == (2, pytest.approx(1 / 3))
    none = family_gate(0.5, np.array([np.nan]))
    assert (none.twins, none.p) == (0, 1)
    untested = family_gate(float("nan"), np.array([0.1]))
    assert np.isnan(untested.p)
    assert not untested.open_at()


@given(
    data=st.tuples(st.integers(1, 5), st.integers(0, 4), st.integers(1, 5)).flatmap(
        lambda n: st.tuples(
            hnp.arrays(np.float64, n[0], elements=st.one_of(st.integers(-4, 4).map(float), st.just(float("nan")))),
            hnp.arrays(np.float64, n[1:], elements=st.one_of(st.integers(-4, 4).map(float), st.just(float("nan")))),
        )
    )
)
def test_units_are_counted_and_the_order_holds(data: tuple[np.ndarray, np.ndarray]) -> None:
    observed, twins = data
    level = unit_level(observed, twins)
    check_order(level.floor, level.p, level.q)
    pool = [value for value in twins.ravel() if value == value]
    for unit, value in enumerate(observed):
        if np.isnan(value):
            assert np.isnan(level.p[unit])
            continue
        count = sum(other >= value for other in pool)
        assert level.at_least[unit] == count
        assert level.p[unit] == pytest.approx((1 + count) / (1 + len(pool)))
        assert (value > level.reach(0.25)) == (level.p[unit] <= 0.25)
    assert level.draws == len(pool)
    assert level.units == np.sum(~np.isnan(observed))
    tested = level.q[~np.isnan(level.q)]
    assert (tested >= level.floor).all()
    assert level.twins == np.sum(~np.isnan(twins).all(axis=1))


@pytest.mark.parametrize(("twins", "shows"), [(19, False), (20, True), (21, True), (39, True)])
def test_what_so_many_twins_can_show_of_a_unit_alone(twins: int, shows: bool) -> None:
    drawn = networks(np.random.default_rng(3), twins + 1, 100, 0.0, False)
    level = unit_level(np.where(np.arange(100) < 1, 99.0, drawn[0]), drawn[1:])
    assert level.floor == pytest.approx(1 / (100 * twins + 1))
    assert level.q[0] == pytest.approx(level.least_q) == pytest.approx(100 / (100 * twins + 1))
    assert level.can_show() is shows
    assert bool(level.q[0] <= 0.05) is shows


def test_twins_needed_leaves_room_for_dead_twin_units() -> None:
    assert twins_needed(0.05) == 21
    assert twins_needed(0.1) == 11
    for twins, shows in ((20, False), (21, True)):
        drawn = networks(np.random.default_rng(4), twins, 100, 0.0, False)
        drawn[:, :4] = np.nan
        assert unit_level(np.full(100, 1.0), drawn).can_show() is shows


def test_errors(unchecked: None) -> None:
    with pytest.raises(NonFiniteError, match="infinity"):
        family_gate(float("inf"), np.zeros(3))
    with pytest.raises(SettingError, match="Reduce over units first"):
        family_gate(0.0, np.zeros((3, 2)))
    with pytest.raises(SettingError, match="every twin has a kind; got 1 kinds for 3 twins"):
        family_gate(0.0, np.zeros(3), ["reinit"])
    with pytest.raises(SettingError, match=r"\[twin, unit\]"):
        unit_level(np.zeros(3), np.zeros(3))
    with pytest.raises(SettingError, match="got 5"):
        twins_needed(5)
