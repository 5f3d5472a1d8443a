from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optogram.drawing.oklab import from_oklab, to_oklab

TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
CONES = np.array(
    [[0.8189330101, 0.3618667424, -0.1288597137], [0.0329845436, 0.9293118715, 0.0361456387], [0.0482003018, 0.2643662691, 0.6338517070]]
)
OPPONENT = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]]
)


def by_way_of_xyz(srgb: np.ndarray) -> np.ndarray:
    """OKLab by its definition on XYZ: another pair of matrices than the one in the code."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ TO_XYZ.T @ CONES.T) @ OPPONENT.T


colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda entries: np.array(entries) / 255)


@given(colours)
def test_it_is_the_space_defined_on_xyz(colour: np.ndarray) -> None:
    assert np.abs(to_oklab(colour) - by_way_of_xyz(colour)).max() < 2e-3  # the published matrices differ by that much in their white


@given(colours)
def test_there_and_back(colour: np.ndarray) -> None:
    assert from_oklab(to_oklab(colour)) == pytest.approx(colour, abs=1e-6)


def test_white_black_and_red() -> None:
    assert to_oklab(np.ones(3)) == pytest.approx([1, 0, 0], abs=1e-3)
    assert to_oklab(np.zeros(3)) == pytest.approx([0, 0, 0], abs=1e-9)
    assert to_oklab(np.array([1.0, 0, 0])) == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)  # as published


def test_colours_that_no_screen_has_are_clipped() -> None:
    assert from_oklab(np.array([[0.5, 0.4, 0.4], [2.0, 0, 0]]))[1] == pytest.approx([1, 1, 1])
