from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from optogram.errors import InputError
from optogram.physiology import _gabor_descent
from optogram.physiology._gabor_descent import model
from optogram.physiology.gabor import colour_of, drawn, fit, scrambled


@pytest.mark.parametrize("seed", range(12))
def test_planted_functions_are_recovered(seed: int) -> None:
    random = np.random.default_rng(seed)
    row, column = random.uniform(4, 6, 2)
    sigma = (random.uniform(1.2, 2.2), random.uniform(1.2, 2.2))
    orientation, frequency, phase = random.uniform(0, 180), random.uniform(0.15, 0.3), random.uniform(10, 80)
    noisy = drawn((11, 11), row, column, sigma, orientation, frequency, phase)
    noisy = noisy + 0.02 * random.normal(size=noisy.shape)
    found = fit(noisy[None])[0]
    assert found.r2 > 0.95
    assert abs((found.orientation - orientation + 90) % 180 - 90) < 3
    assert found.frequency == pytest.approx(frequency, rel=0.08)
    assert found.nx == pytest.approx(sigma[0] * frequency, rel=0.12)
    assert found.ny == pytest.approx(sigma[1] * frequency, rel=0.12)
    assert found.phase == pytest.approx(phase, abs=15)


def test_the_drawn_function_is_its_formula() -> None:
    rows, columns = np.mgrid[:9, :9]
    theta = np.radians(30)
    across = (columns - 4) * np.sin(theta) + (rows - 3) * np.cos(theta)
    along = (columns - 4) * np.cos(theta) - (rows - 3) * np.sin(theta)
    slow = np.exp(-(across**2) / 8 - along**2 / 18) * np.cos(2 * np.pi * 0.2 * across + np.radians(40))
    np.testing.assert_allclose(drawn((9, 9), 3, 4, (2, 3), 30, 0.2, 40), slow)


@pytest.mark.parametrize("size", [(9, 9), (7, 11)])
def test_derivatives_equal_finite_differences(size: tuple[int, int]) -> None:
    parameters = np.array([0.7, -0.4, 0.1, 4.2, 5.1, np.log(2), np.log(2.5), 0.6, 0.17])
    slopes = model(parameters[None], size)[1][0]
    slow = approx_fprime(parameters, lambda values: model(values[None], size)[0][0].ravel(), 1e-7)
    np.testing.assert_allclose(slopes, slow, atol=1e-5)


def test_even_and_odd_phases_whatever_sign_and_side() -> None:
    for phase, expected in ((0, 0), (180, 0), (90, 90), (270, 90)):
        assert fit(drawn((11, 11), 5, 5, (1.8, 2), 90, 0.2, phase)[None])[0].phase == pytest.approx(expected, abs=1)


def test_scrambling_keeps_the_spectrum_and_ruins_the_fit() -> None:
    cell = drawn((11, 11), 5, 5, (1.6, 2.2), 60, 0.2, 30)
    others = np.stack([scrambled(cell, seed) for seed in range(10)])
    np.testing.assert_allclose(np.abs(np.fft.fft2(others)), np.abs(np.fft.fft2(np.broadcast_to(cell, others.shape))), atol=1e-9)
    assert fit(cell[None])[0].r2 > 0.999
    assert np.median([found.r2 for found in fit(others)]) < 0.85


def test_a_fit_that_rests_early_is_as_good_as_one_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.stack([drawn((9, 9), 4, 4, (1.4, 1.9), 30 * number, 0.12 + 0.02 * number, 40 * number) for number in range(6)])
    filters = np.concatenate([cells + np.random.default_rng(0).normal(size=cells.shape) * 0.1, np.random.default_rng(1).normal(size=(6, 9, 9))])
    steps = []
    monkeypatch.setattr(_gabor_descent, "model", lambda *given: steps.append(len(given[0])) or model(*given))
    rested = [found.r2 for found in fit(filters)]
    short = sum(steps)
    monkeypatch.setattr(_gabor_descent, "RESTS", (10, -1.0))
    steps.clear()
    np.testing.assert_allclose(rested, [found.r2 for found in fit(filters)], atol=1e-3)
    assert short < 0.8 * sum(steps)


def test_noise_fits_badly() -> None:
    noise = np.random.default_rng(0).normal(size=(10, 11, 11))
    assert max(found.r2 for found in fit(noise)) < 0.5


def test_colour_and_opponency() -> None:
    cell = drawn((9, 9), 4, 4, (1.5, 2), 0, 0.2, 0)
    gray = colour_of(np.stack([cell] * 3))
    assert gray.opponent == pytest.approx(0, abs=1e-9)
    assert gray.separable == pytest.approx(1)
    opponent = colour_of(np.stack([cell, -cell, 0 * cell]))
    assert opponent.opponent == pytest.approx(1)
    assert opponent.separable == pytest.approx(1)
    assert np.abs(np.corrcoef(opponent.picture.ravel(), cell.ravel())[0, 1]) == pytest.approx(1)
    single = colour_of(np.stack([cell, 0 * cell, 0 * cell]))
    assert single.opponent == pytest.approx(2 / 3)


def test_small_kernels_and_flat_filters_are_refused() -> None:
    with pytest.raises(InputError, match="at least 7x7; got 3x3"):
        fit(np.random.default_rng(0).normal(size=(2, 3, 3)))
    with pytest.raises(InputError, match="varies"):
        fit(np.ones((1, 7, 7)))
