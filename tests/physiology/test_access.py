from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from optogram.physiology.access import answers, averaged, foretold, needed, slopes, solved, spiking, strongest, whole_gratings, written
from optogram.physiology.electrode import electrode
from optogram.physiology.sta import SPREAD
from optogram.zoo._planted import planted

GIVEN = planted(1)
WAVE = GIVEN.truth["wave"][0].ravel()
ADDRESS = GIVEN.addresses["wave"]


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, SPREAD, (count, 144))


def rates(shown: np.ndarray) -> np.ndarray:
    return np.maximum(shown @ WAVE, 0)


def test_answers_and_slopes_are_the_planted_unit_s() -> None:
    """A linear template behind a rectifier: its answer is a scalar product, its gradient is itself where it is on, and its weights say so."""
    probe = electrode(GIVEN.network, ADDRESS)
    shown = noise(70).reshape(-1, 1, 12, 12).clip(-0.5, 0.5)
    said = shown.reshape(70, -1) @ WAVE
    np.testing.assert_allclose(answers(probe, shown)[:, 0], np.maximum(said, 0), atol=1e-5)
    np.testing.assert_allclose(answers(probe, shown, rectified=False)[:, 0], said, atol=1e-5)
    np.testing.assert_allclose(slopes(probe, shown), (said > 0)[:, None] * WAVE, atol=1e-6)
    read = written(GIVEN.network, GIVEN.network.unit(ADDRESS))
    assert read is not None
    np.testing.assert_allclose(read[0].ravel(), WAVE, atol=1e-6)
    assert written(GIVEN.network, GIVEN.network.unit(GIVEN.addresses["energy"])) is None


def test_counted_spikes_are_poisson_and_cost_as_many_pictures_as_the_formula_says() -> None:
    """1 + 1 / ((pi - 1) mean) times as many: errors of the average, over 60 recordings of either kind, in that ratio."""
    mean, count = 0.2, 500
    flat = spiking(np.ones(4000), 1.5, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(flat, minlength=6)[:6] / 4000, poisson.pmf(np.arange(6), 1.5), atol=0.03)
    errors = np.zeros(2)
    for seed in range(60):
        shown = noise(count, seed)
        exact = rates(shown) / rates(shown).mean()
        counted = spiking(exact, mean, np.random.default_rng([seed, 1])) / mean
        for number, one in enumerate((exact, counted)):
            found = one - one.mean()
            average = found @ shown / count
            errors[number] += ((average - WAVE * (average @ WAVE)) ** 2).sum()
    assert errors[1] / errors[0] == pytest.approx(1 + 1 / ((np.pi - 1) * mean), rel=0.12)
    assert spiking(np.zeros(5), 1.0, np.random.default_rng(0)).sum() == 0


def test_equations_are_solved_as_soon_as_there_are_enough() -> None:
    """145 unknowns: half of the pictures drive the unit, so 250 leave it open and 340 settle it; a constant that is added does not matter."""
    shown = noise(340)
    assert foretold(solved(shown, rates(shown)), noise(200, 9), (noise(200, 9) @ WAVE)[:, None])[0] == pytest.approx(1, abs=1e-5)
    assert foretold(solved(shown[:250], rates(shown[:250])), noise(200, 9), (noise(200, 9) @ WAVE)[:, None])[0] < 0.98
    lifted = np.maximum(shown @ WAVE + 0.3, 0)
    assert np.corrcoef(solved(shown, lifted), WAVE)[0, 1] == pytest.approx(1, abs=1e-5)
    assert not solved(shown, np.zeros(340)).any()


def test_gratings_find_what_is_not_too_fine() -> None:
    waves = whole_gratings((12, 12), 4000, np.random.default_rng(0))
    np.testing.assert_allclose(waves.mean((1, 2)), 0, atol=1e-12)
    spectrum = np.abs(np.fft.fft2(waves[:50]))
    assert ((spectrum > 1e-6).sum((1, 2)) == 2).all(), "each grating has one frequency, and its mirror"
    flat = waves.reshape(len(waves), -1)
    assert np.corrcoef(averaged(flat, rates(flat)), WAVE)[0, 1] > 0.97


def test_exemplars_are_the_strongest_less_the_mean() -> None:
    shown = noise(300)
    found = strongest(shown, rates(shown))
    best = np.argsort(-rates(shown))[:9]
    np.testing.assert_allclose(found, (shown[best].mean(0) - shown.mean(0)) / np.linalg.norm(shown[best].mean(0) - shown.mean(0)))


def test_foretelling_is_a_correlation() -> None:
    shown = noise(50)
    truth = np.stack([shown @ WAVE, -(shown @ WAVE), np.zeros(50)], axis=1)
    np.testing.assert_allclose(foretold(WAVE, shown, truth), [1, -1, 0], atol=1e-9)
    other = np.random.default_rng(5).normal(size=144)
    assert foretold(other, shown, truth)[0] == pytest.approx(np.corrcoef(shown @ other, truth[:, 0])[0, 1])
    assert (foretold(np.zeros(144), shown, truth) == 0).all()


def test_queries_are_counted_between_powers_of_two() -> None:
    counts = 2 ** np.arange(5)
    assert needed(counts, np.array([0, 0.2, 0.6, 0.8, 0.8]), 0.4) == pytest.approx(2 * np.sqrt(2))
    assert needed(counts, np.array([0.5, 0, 0, 0, 0]), 0.4) == 1
    assert np.isinf(needed(counts, np.zeros(5), 0.4))
