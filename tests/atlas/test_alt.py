"""The words for who cannot see the pictures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optogram.atlas.alt import exemplar_alt, number, ordinal, picture_alt
from optogram.geometry import Box


def test_an_exemplar() -> None:
    box = Box(120, 40, 220, 140)
    said = "photograph 1 of 9 for layer4.1.bn2:17: china.jpg, rows 120 to 219, columns 40 to 139, response 14.2."
    assert exemplar_alt("layer4.1.bn2:17", "top", 0, 9, "china.jpg", box, 14.23) == f"Strongest {said}"
    assert exemplar_alt("layer4.1.bn2:17", "bottom", 0, 9, "china.jpg", box, 14.23) == f"Weakest {said}"
    assert exemplar_alt("layer4.1.bn2:17", "quantile", 0, 9, "china.jpg", box, 14.23, 0.75) == f"75th percentile {said}"


def test_a_picture() -> None:
    start = "Synthesised for fc:3: seed 2, 512 steps, converged, response"
    assert picture_alt("fc:3", 2, 512, "converged", 115.0, 14.2) == f"{start} 115, 8.1 times the strongest photograph's."
    assert picture_alt("fc:3", 2, 512, "converged", -1.0, 14.2) == f"{start} -1."
    assert picture_alt("fc:3", 2, 512, "converged", 1.5, -2.0) == f"{start} 1.5."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (14.23, "14.2"),
        (1234.0, "1230"),
        (999_999.0, "1000000"),
        (2.5e7, "2.5e+07"),
        (0.000012, "1.2e-05"),
        (-1234.0, "-1230"),
        (math.nan, "none"),
        (0, "0"),
    ],
)
def test_numbers(value: float, said: str) -> None:
    assert number(value) == said


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_is_told_to_three_digits(value: float) -> None:
    assert float(number(value)) == pytest.approx(value, rel=0.005001, abs=1e-320)


def test_ordinals() -> None:
    assert [ordinal(part / 100) for part in (1, 2, 3, 4, 5, 11, 12, 13, 21, 22, 75, 95)] == [
        *("1st", "2nd", "3rd", "4th", "5th", "11th", "12th", "13th", "21st", "22nd", "75th", "95th")
    ]
