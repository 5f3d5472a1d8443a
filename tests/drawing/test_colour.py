from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optogram.drawing.colour import limit_of, signed, unsigned
from optogram.drawing.theme import DARK, LIGHT, Theme, rgb

from .test_oklab import by_way_of_xyz

MACHADO = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""What the three dichromats see, on linear sRGB (Machado, Oliveira & Fernandes 2009, severity 1)."""


def seen(colour: np.ndarray, by: str) -> np.ndarray:
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    mixed = (linear @ np.array(MACHADO[by]).T).clip(0, 1)
    return np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_ends_are_equally_light_and_strong(theme: Theme) -> None:
    low, high = (by_way_of_xyz(np.array(rgb(colour)) / 255) for colour in (theme.low, theme.high))
    assert low[0] == pytest.approx(high[0], abs=0.01)
    assert np.hypot(*low[1:]) == pytest.approx(np.hypot(*high[1:]), abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("by", MACHADO)
def test_dichromats_tell_the_signs_apart(theme: Theme, by: str) -> None:
    map_ = signed(np.array([-1.0, -0.5, 0.5, 1.0]), 1.0, theme) / 255
    lab = by_way_of_xyz(seen(map_, by))
    assert np.linalg.norm(lab[0] - lab[3]) > 0.2
    assert np.linalg.norm(lab[1] - lab[2]) > 0.1


def test_zero_and_the_ends_are_exact_and_beyond_is_clipped() -> None:
    found = signed(np.array([-9.0, -2.0, -0.0, 0.0, 2.0, 9.0]), 2.0)
    assert [tuple(entry) for entry in found.tolist()] == [
        rgb(colour) for colour in (LIGHT.low, LIGHT.low, LIGHT.middle, LIGHT.middle, LIGHT.high, LIGHT.high)
    ]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_steps_look_equal_and_never_turn_back(theme: Theme) -> None:
    for half in (np.linspace(0, 1, 9), np.linspace(0, -1, 9)):
        lab = by_way_of_xyz(signed(half, 1.0, theme) / 255.0)
        steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
        assert steps.max() / steps.min() < 1.3
        assert np.all(np.diff(lab[:, 0]) * np.sign(lab[-1, 0] - lab[0, 0]) > 0)
    magnitude = by_way_of_xyz(unsigned(np.linspace(0, 1, 9), 1.0, theme) / 255.0)
    assert np.all(np.diff(magnitude[:, 0]) * (-1 if theme is LIGHT else 1) > 0)


@given(arrays(np.float64, (5, 7), elements=st.floats(-1e6, 1e6)))
def test_turning_the_sign_swaps_the_sides_and_scaling_changes_nothing(values: np.ndarray) -> None:
    low, high = by_way_of_xyz(signed(values) / 255.0), by_way_of_xyz(signed(-values) / 255.0)
    assert np.abs(low[..., 0] - high[..., 0]).max() < 0.02  # as light on one side as on the other
    assert np.array_equal(signed(values), signed(values * 4))


def test_the_limit_is_the_percentile_over_all_maps() -> None:
    values = np.arange(-1000.0, 1001.0)
    assert limit_of(values) == pytest.approx(sorted(np.abs(values))[int(0.995 * 2000)])
    assert limit_of(values, 10 * values) == pytest.approx(np.quantile(np.concatenate([np.abs(values), 10 * np.abs(values)]), 0.995))
    assert limit_of(np.zeros((3, 3))) == 0
    assert limit_of(np.full(3, np.nan)) == 0
    nearly_empty = np.zeros((100, 100))
    nearly_empty[3, 3] = -7
    assert limit_of(nearly_empty) == 7
    assert limit_of(np.array([1.0, np.nan, np.inf])) == 1


def test_nothing_to_show_and_no_number_have_their_own_colours() -> None:
    assert {tuple(entry) for entry in signed(np.zeros(4)).tolist()} == {rgb(LIGHT.middle)}
    assert signed(np.array([np.nan, 1.0]), 1.0).tolist() == [list(rgb(LIGHT.missing)), list(rgb(LIGHT.high))]
    assert unsigned(np.array([np.nan, -5.0, 1.0]), 1.0).tolist() == [list(rgb(LIGHT.missing)), list(rgb(LIGHT.middle)), list(rgb(LIGHT.shade))]
