from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from optogram.errors import SettingError
from optogram.statistics.intervals import clopper_pearson
from optogram.statistics.permutation import floor, max_t, p_value, pooled_p, reach

whole = st.integers(-6, 6).map(float)


@st.composite
def observed_and_null(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    units, draws = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    values = st.one_of(whole, st.just(float("nan")))
    return draw(hnp.arrays(np.float64, units, elements=values)), draw(hnp.arrays(np.float64, (draws, units), elements=values))


def slow(own: float, null: list[float], alternative: str) -> float:
    drawn = [value for value in null if value == value]
    greater = (1 + sum(value >= own for value in drawn)) / (1 + len(drawn))
    less = (1 + sum(value <= own for value in drawn)) / (1 + len(drawn))
    return {"greater": greater, "less": less, "two-sided": min(1.0, 2 * min(greater, less))}[alternative]


@given(data=observed_and_null(), alternative=st.sampled_from(["greater", "less", "two-sided"]))
def test_p_is_the_count_and_never_below_its_floor(data: tuple[np.ndarray, np.ndarray], alternative: str) -> None:
    observed, null = data
    own, pooled = p_value(observed, null, alternative), pooled_p(observed, null, alternative)
    for unit, value in enumerate(observed):
        if np.isnan(value):
            assert np.isnan(own[unit])
            assert np.isnan(pooled[unit])
            continue
        assert own[unit] == pytest.approx(slow(value, null[:, unit].tolist(), alternative))
        assert pooled[unit] == pytest.approx(slow(value, null.ravel().tolist(), alternative))
        assert own[unit] >= floor(int((~np.isnan(null[:, unit])).sum()), alternative) > 0
        assert pooled[unit] >= floor(int((~np.isnan(null)).sum()), alternative) > 0


@given(data=observed_and_null(), level=st.sampled_from([0.05, 0.1, 0.2, 0.25, 0.5, 1.0]))
def test_reach_is_where_p_crosses_the_level(data: tuple[np.ndarray, np.ndarray], level: float) -> None:
    observed, null = data
    p, bound = pooled_p(observed, null), reach(null, level)
    tested = ~np.isnan(observed)
    np.testing.assert_array_equal(observed[tested] > bound, p[tested] <= level + 1e-12)


def test_rounding_does_not_break_ties() -> None:
    own = np.array([0.1 + 0.2, -0.3])
    null = np.array([[0.3, -(0.1 + 0.2)]] * 4)
    np.testing.assert_array_equal(p_value(own, null), [1, 1])
    np.testing.assert_array_equal(p_value(own, null, "less"), [1, 1])
    np.testing.assert_array_equal(pooled_p(own[:1], null[:, 0]), [1])


def test_floors() -> None:
    assert floor(19) == pytest.approx(0.05)
    assert floor(19, "two-sided") == pytest.approx(0.1)
    assert floor(0) == 1
    assert floor(0, "two-sided") == 1


def test_max_t_against_every_permutation_by_hand() -> None:
    rng = np.random.default_rng(3)
    values = rng.standard_normal((5, 4)) + np.array([2, 0, 0, 1])
    signs = np.array(list(itertools.product([1, -1], repeat=5)))
    observed, null = values.sum(axis=0), (signs[1:, :, None] * values).sum(axis=1)
    single = [(1 + sum(max(row) >= own for row in null)) / 32 for own in observed]
    np.testing.assert_allclose(max_t(observed, null, step_down=False), single)
    order = sorted(range(4), key=lambda unit: -observed[unit])
    stepped, least = {}, 0.0
    for place, unit in enumerate(order):
        least = max(least, (1 + sum(max(row[order[place:]]) >= observed[unit] for row in null)) / 32)
        stepped[unit] = least
    np.testing.assert_allclose(max_t(observed, null), [stepped[unit] for unit in range(4)])
    assert (max_t(observed, null) <= np.array(single)).all()
    np.testing.assert_allclose(max_t(-observed, null, two_sided=True), max_t(observed, -null, two_sided=True))


@given(data=observed_and_null())
def test_max_t_is_never_below_the_units_own_p(data: tuple[np.ndarray, np.ndarray]) -> None:
    observed, null = data
    adjusted, own = max_t(observed, null), p_value(observed, null)
    tested = ~np.isnan(observed) & ~np.isnan(null).any(axis=0)
    np.testing.assert_array_equal(~np.isnan(adjusted), tested)
    assert (adjusted[tested] >= own[tested] - 1e-12).all()


@pytest.mark.parametrize("icc", [0.0, 0.5, 0.95])
def test_max_t_holds_the_family_wise_error_where_units_hang_together(icc: float) -> None:
    rng = np.random.default_rng(5)
    false = power_of_bonferroni = 0
    families = 500
    for _ in range(families):
        values = np.sqrt(icc) * rng.standard_normal((12, 1)) + np.sqrt(1 - icc) * rng.standard_normal((12, 20))
        signs = rng.choice([-1.0, 1.0], size=(199, 12))
        adjusted = max_t(values.sum(axis=0), signs @ values)
        false += (adjusted <= 0.05).any()
        power_of_bonferroni += (20 * p_value(values.sum(axis=0), signs @ values) <= 0.05).any()
    assert clopper_pearson(false, families).low <= 0.05
    assert false / families >= 0.025, "max-T keeps the dependence: it is not conservative as Bonferroni is"
    if icc > 0.9:
        assert power_of_bonferroni < false / 2


def test_errors(unchecked: None) -> None:
    with pytest.raises(SettingError, match='got "above"'):
        pooled_p(np.zeros(2), np.zeros(3), "above")
    with pytest.raises(SettingError, match="for 3 units"):
        max_t(np.zeros(3), np.zeros((5, 2)))
