"""Orders and average ranks beside scipy's: ties, both noughts, infinities, NaN, either precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from optogram.statistics.ranks import centred_ranks, greatest, least, order_of

NUMBERS = st.sampled_from([-np.inf, -2.5, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1.0, 1.0000001, 3e38, np.inf])
tables = st.tuples(st.integers(1, 12), st.integers(0, 4)).flatmap(
    lambda shape: st.sampled_from([np.float32, np.float64]).flatmap(lambda kind: hnp.arrays(kind, shape, elements=NUMBERS.map(kind)))
)


@given(tables)
def test_as_scipy(values: np.ndarray) -> None:
    np.testing.assert_array_equal(centred_ranks(values), 2 * stats.rankdata(values, axis=0) - (len(values) + 1))
    np.testing.assert_array_equal(order_of(np.ascontiguousarray(values.T)), np.argsort(values.T, axis=1, kind="stable"))


@given(tables, st.integers(1, 12))
def test_the_greatest_and_the_least_are_the_ends_of_the_order(values: np.ndarray, count: int) -> None:
    rows = np.ascontiguousarray(values.T)
    few = min(count, rows.shape[1])
    np.testing.assert_array_equal(greatest(rows, few), order_of(rows)[:, rows.shape[1] - few :])
    np.testing.assert_array_equal(least(rows, count), order_of(rows)[:, :count])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("missing", [np.nan, -np.nan])
def test_what_is_missing_comes_last_and_takes_its_column_along(kind: type, missing: float) -> None:
    values = np.array([[1.0, missing, -1.0], [0.0, 2.0, 0.0], [1.0, -3.0, -0.0]], kind)
    np.testing.assert_array_equal(centred_ranks(values), [[1, np.nan, -2], [-2, np.nan, 1], [1, np.nan, 1]])
    assert order_of(values).tolist() == [[2, 0, 1], [0, 2, 1], [1, 2, 0]]
