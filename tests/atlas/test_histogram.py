"""Counts of a unit's responses, checked against a slow count with the definition of asinh."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from optogram.atlas.histogram import BINS, Histogram, histogram


def slow(values: list[float], bins: int) -> list[int]:
    """One value at a time; asinh(x) = ln(x + sqrt(x^2 + 1))."""
    scale = float(np.median([abs(value) for value in values])) or max(abs(value) for value in values) or 1.0

    def bent(value: float) -> float:
        ratio = abs(value) / scale
        return math.copysign(math.log(ratio + math.sqrt(ratio * ratio + 1)), value)

    low, high = bent(min(values)), bent(max(values))
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((bent(value) - low) / (high - low) * bins))] += 1
    return counts


@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_counting_one_by_one(seed: int) -> None:
    values = (np.random.default_rng(seed).standard_cauchy(700) * 3).astype(np.float32)
    found = histogram(values)
    assert list(found.counts) == slow([float(value) for value in values], BINS)
    assert (found.low, found.high) == (float(values.min()), float(values.max()))
    assert found.scale == pytest.approx(float(np.median(np.abs(values))))


@given(arrays.arrays(np.float32, st.integers(1, 60), elements=st.floats(width=32)))
def test_every_finite_response_is_counted_once(values: np.ndarray) -> None:
    found = histogram(values)
    assert sum(found.counts) == np.isfinite(values).sum()
    assert len(found.counts) == BINS
    assert found.low <= found.high
    assert found.scale > 0


@given(st.integers(1, 40), st.floats(-1e6, 1e6, width=32))
def test_a_constant_unit_is_one_full_bin(count: int, value: float) -> None:
    found = histogram(np.full(count, value, np.float32))
    assert found.counts == (count,) + (0,) * (BINS - 1)
    assert found.low == found.high == value


def test_mostly_zeros_take_the_greatest_as_scale() -> None:
    found = histogram(np.array([0, 0, 0, 5, 2], np.float32))
    assert found.scale == 5
    assert found.counts[0] == 3


def test_nothing_finite_is_nothing() -> None:
    assert histogram(np.array([np.nan, np.inf], np.float32), 4) == Histogram((0, 0, 0, 0), 0.0, 0.0, 1.0)
