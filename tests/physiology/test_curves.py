from __future__ import annotations

import numpy as np
import pytest

from optogram.errors import InputError
from optogram.physiology.curves import circular_variance, half_width, harmonics, mean_orientation, modulation, octaves

ANGLES = np.arange(360) / 2
TURNS = np.arange(720) * 2 * np.pi / 720


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (np.ones(360), 1.0),
        (np.eye(360)[77], 0.0),
        (1 + np.cos(np.radians(2 * ANGLES)), 0.5),
        (np.maximum(np.cos(np.radians(2 * ANGLES)), 0), 1 - np.pi / 4),
    ],
)
def test_circular_variance_in_closed_form(rates: np.ndarray, expected: float) -> None:
    assert circular_variance(rates, ANGLES) == pytest.approx(expected, abs=1e-4)


def test_circular_variance_depends_neither_on_scale_nor_on_the_preferred_orientation() -> None:
    rates = np.random.default_rng(0).random(12)
    angles = np.arange(12) * 15.0
    for shift in range(12):
        assert circular_variance(5 * np.roll(rates, shift), angles) == pytest.approx(float(circular_variance(rates, angles)))
    assert np.isnan(circular_variance(np.zeros(12), angles))


@pytest.mark.parametrize("orientation", [0, 12.3, 91, 179])
def test_mean_orientation(orientation: float) -> None:
    angles = np.arange(12) * 15.0
    rates = np.exp(2 * np.cos(np.radians(2 * (angles - orientation))))
    assert (mean_orientation(rates, angles) - orientation + 90) % 180 == pytest.approx(90, abs=0.3)


def test_half_width_of_von_mises_and_of_a_flat_curve() -> None:
    rates = 1 + np.cos(np.radians(2 * (ANGLES - 33)))
    assert half_width(rates, ANGLES) == pytest.approx(45, abs=0.01)
    narrow = np.exp(-0.5 * (((ANGLES - 90) / 10) ** 2))
    assert half_width(narrow, ANGLES) == pytest.approx(10 * np.sqrt(2 * np.log(2)), abs=0.02)
    assert half_width(np.roll(narrow, 180), ANGLES) == pytest.approx(10 * np.sqrt(2 * np.log(2)), abs=0.02)
    assert np.isnan(half_width(np.ones(360), ANGLES))


def test_octaves_of_a_log_gaussian() -> None:
    frequencies = np.geomspace(0.01, 0.5, 400)
    rates = np.exp(-0.5 * (np.log2(frequencies / 0.08) / 0.6) ** 2)
    assert octaves(rates, frequencies) == pytest.approx(2 * 0.6 * np.sqrt(2 * np.log(2)), rel=1e-3)
    assert octaves(frequencies, frequencies) == np.inf


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (np.maximum(np.cos(TURNS), 0), np.pi / 2),
        (np.maximum(np.cos(TURNS), 0) ** 2, 1.6977),
        (np.abs(np.cos(TURNS)), 0.0),
        (np.cos(TURNS) ** 2 + np.sin(TURNS) ** 2, 0.0),
        (1 + np.cos(TURNS), 1.0),
    ],
)
def test_modulation_in_closed_form(rates: np.ndarray, expected: float) -> None:
    assert modulation(rates) == pytest.approx(expected, abs=1e-4)


def test_modulation_leaves_the_spontaneous_rate_out() -> None:
    half = np.maximum(np.cos(TURNS), 0)
    assert modulation(half + 3, 3.0) == pytest.approx(np.pi / 2, abs=1e-4)
    assert modulation(np.cos(TURNS) + 3, 3.0) == np.inf
    assert np.isnan(modulation(np.full(12, 3.0), 3.0))


def test_two_phases_hold_no_harmonic() -> None:
    with pytest.raises(InputError, match="at least 3 phases"):
        harmonics(np.ones((4, 2)))


def test_uneven_orientations_are_refused() -> None:
    with pytest.raises(InputError, match="evenly spaced"):
        circular_variance(np.ones(3), np.array([0.0, 10.0, 90.0]))
