from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from optogram.drawing.text import DOTS, font, length, shorten, wrap, writable

words = st.text(st.sampled_from("abcXYZ019 /_.-:,()é×"), max_size=60)


@given(words, st.sampled_from([11, 13, 17]), st.integers(20, 300))
def test_no_line_is_wider_than_its_room(text: str, size: int, width: int) -> None:
    assert all(length(line, size) <= width for line in wrap(text, size, width))
    assert length(shorten(text, size, width), size) <= width


@given(words, st.integers(200, 900))
def test_wrapping_loses_no_sign_but_spaces(text: str, width: int) -> None:
    assert "".join("".join(wrap(text, 11, width)).split()) == "".join(text.split())


@given(words, st.integers(1, 3))
def test_no_more_lines_than_asked_for(text: str, lines: int) -> None:
    assert len(wrap(text, 11, 90, lines)) <= lines


def test_long_names_break_where_they_have_joints_and_keep_both_ends() -> None:
    assert wrap("n01440764_tench/IMG_0012.jpg 14.2", 11, 110) == ["n01440764_tench/", "IMG_0012.jpg 14.2"]
    short = shorten("layer4.1.conv2.weight:1234", 11, 90)
    assert short.startswith("lay")
    assert short.endswith("234")
    assert DOTS in short
    assert shorten("tabby", 11, 90) == "tabby"
    assert wrap("one two\nthree", 11, 500) == ["one two", "three"]


@pytest.mark.parametrize("text", ["layer4.1.bn2:17", "Illicit WAVE", "0123456789", "7×7 – é"])
@pytest.mark.parametrize("size", [11, 22, 34])
def test_the_measure_is_that_of_the_ink(text: str, size: int) -> None:
    image = Image.new("L", (600, 60))
    ImageDraw.Draw(image).text((5, 5), writable(text), font=font(size), fill=255)
    left, _, right, _ = image.getbbox()  # type: ignore[misc]
    assert right - left <= length(text, size) + 1
    assert right - left >= 0.9 * length(text, size) - 2


def test_signs_that_the_font_lacks_are_spelt() -> None:
    assert writable("7×7 – 12 µm, q ≤ .05 → café") == "7x7 - 12 um, q <= .05 -> cafe"
    assert writable("layer4·17 … 20°") == "layer4·17 … 20°"  # and those that it has stay
    assert writable("漢") == "漢"
    assert {length(str(digit), 11) for digit in range(10)} == {length("0", 11)}  # columns of numbers stand under each other
