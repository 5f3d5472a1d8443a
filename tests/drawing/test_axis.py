from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optogram.drawing.axis import Axis, column, label_axis, round_numbers, spanning, written
from optogram.drawing.paper import Paper

numbers = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6)


@given(numbers, st.floats(1e-6, 1e6), st.integers(2, 8))
def test_ticks_are_round_even_and_within(low: float, span: float, count: int) -> None:
    ticks = round_numbers(low, low + span, count)
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)
    assert count / 2.5 - 1 <= len(ticks) <= 2.5 * count + 1
    if len(ticks) > 2 and abs(low) < 1e4 * span:
        steps = np.diff(ticks)
        assert steps == pytest.approx(steps[0], rel=1e-6)
        assert round(float(steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-9)), 6) in {1, 2, 5, 10}


@given(numbers, numbers, st.sampled_from(["linear", "asinh"]))
def test_places_keep_the_order_and_the_ends(first: float, second: float, kind: str) -> None:
    axis = Axis(-1e6, 1e6, 10, 110, kind)  # type: ignore[arg-type]
    assert axis.place(-1e6) == pytest.approx(10)
    assert axis.place(1e6) == pytest.approx(110)
    assert axis.place(0) == pytest.approx(60)
    assert (axis.place(first) < axis.place(second)) == (axis.place(second) - axis.place(first) > 0)
    if second - first > 1e-3:
        assert axis.place(first) < axis.place(second)


def test_asinh_ticks_are_zero_and_powers_of_ten() -> None:
    assert Axis(-20, 400, 0, 1, "asinh", 1.0).ticks() == [0, 100, 10, -10, 1, -1, 300, 30, 3, -3]


@given(numbers)
def test_numbers_are_written_in_three_figures(value: float) -> None:
    text = written(value)
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.06 if "e" in text else 0.0051)
    assert not text.lstrip("-").startswith("0.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.364, ".364"),
        (-0.5, "-.5"),
        (12.44, "12.4"),
        (10, "10"),
        (1234, "1,234"),
        (3e-5, "3e-5"),
        (2e7, "2e7"),
        (1.05, "1.05"),
        (100.0, "100"),
    ],
)
def test_how_numbers_are_written(value: float, text: str) -> None:
    assert written(value) == text


def test_shares_below_each_other_have_as_many_decimals() -> None:
    assert column([0.942, 0.99, 1, -0.5, 0]) == [".942", ".990", "1.000", "-.500", ".000"]
    assert column([12.4, 0.99]) == ["12.4", ".99"]
    assert column([3e-5, 0.99]) == ["3e-5", ".99"]
    assert column([]) == []


def test_an_axis_spans_what_it_should_and_is_never_of_length_zero() -> None:
    axis = spanning(np.array([1.0, np.nan, 3.0]), 0, 100, include=(0.0,))
    assert (axis.low, axis.high) == pytest.approx((-0.12, 3.12))
    for values in ([2.0, 2.0], [0.0], [], [np.nan]):
        axis = spanning(np.array(values), 0, 100)
        assert axis.high > axis.low
    assert (spanning(np.array([0.0, 1.0]), 0, 9, margin=0).low, spanning(np.array([0.0, 1.0]), 0, 9, margin=0).high) == (0, 1)


def test_labels_never_touch_and_marks_come_first() -> None:
    paper = Paper(200, 20)
    label_axis(paper, Axis(0, 1, 10, 190), 4, [0, 0.5, 0.52, 1], {"chance": 0.5})
    dark = (np.asarray(paper.image.convert("L")) < 180).any(axis=0)
    gaps = np.diff(np.flatnonzero(dark))
    assert (gaps > 12).sum() == 2  # three texts: 0, chance .5, 1
