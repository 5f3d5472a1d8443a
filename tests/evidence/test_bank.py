from __future__ import annotations

import math

import numpy as np
import pytest

from optogram.evidence import _bank
from optogram.evidence._bank import FREQUENCIES, ORIENTATIONS, POOLED, SIDE, Bank

CYCLES = {0: (16, ((0, 16), (8, 14), (14, 8), (16, 0), (14, -8), (8, -14))), 1: (8, ((0, 8), (4, 7), (7, 4), (8, 0), (7, -4), (4, -7)))}
"""Whole cycles a patch (down, across) at the first two scales, nearest each of the six orientations."""


def grating(down: int, across: int, phase: float = 0.0, amplitude: float = 0.4, channels: int = 1) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    wave = 0.5 + amplitude * np.cos(2 * math.pi * (down * rows + across * columns) / SIDE + phase)
    return np.repeat(np.round(255 * wave).astype(np.uint8)[None, :, :, None], channels, axis=3)


def energies(patch: np.ndarray) -> np.ndarray:
    """[scale, channel, orientation, row, column], each scale's level taken back."""
    channels = patch.shape[3]
    count = channels * ORIENTATIONS * POOLED**2
    features = Bank().features(patch)[0, : len(FREQUENCIES) * count]
    return features.reshape(len(FREQUENCIES), channels, ORIENTATIONS, POOLED, POOLED) * math.sqrt(count)


def transfer(down: int, across: int, scale: int, orientation: int) -> float:
    """Field's log-Gabor at one frequency, in scalars."""
    radius = math.hypot(down, across) / SIDE
    radial = math.exp(-(math.log(radius / FREQUENCIES[scale]) ** 2) / (2 * math.log(0.65) ** 2))
    apart = (math.atan2(down, across) - math.pi * orientation / 6 + math.pi) % (2 * math.pi) - math.pi
    return radial * math.exp(-(apart**2) / (2 * (0.6 * math.pi / 6) ** 2))


def reached(down: int, across: int, scale: int) -> bool:
    """Coarse filters do not reach beyond the part of the spectrum that is kept for them."""
    half = max(16, SIDE >> scale) // 2
    return scale == 0 or (-half <= down < half and -half <= across < half)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_constant_patch_has_no_energy_but_its_colour(channels: int) -> None:
    patch = np.full((1, SIDE, SIDE, channels), 51, np.uint8)
    np.testing.assert_allclose(energies(patch), 0, atol=1e-6)
    colour = Bank().features(patch)[0, -channels * POOLED**2 :].reshape(channels, -1) * math.sqrt(channels * POOLED**2)
    np.testing.assert_allclose(colour[0], 0.2 * math.sqrt(channels), rtol=1e-5)
    np.testing.assert_allclose(colour[1:], 0, atol=1e-6)


@pytest.mark.parametrize("scale", [0, 1])
@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_a_grating_is_answered_by_the_filters_transfer_functions(scale: int, orientation: int) -> None:
    """A real wave of amplitude a is two complex ones of a / 2, of which a one-sided filter passes H(f) or H(-f)."""
    down, across = CYCLES[scale][1][orientation]
    found = energies(grating(down, across))[:, 0]
    np.testing.assert_allclose(found, found[..., :1, :1].repeat(8, -1).repeat(8, -2), atol=6e-3)
    waves = ((down, across), (-down, -across))
    expected = np.array(
        [
            [0.2 * math.hypot(*(transfer(*wave, level, k) * reached(*wave, level) for wave in waves)) for k in range(ORIENTATIONS)]
            for level in range(4)
        ]
    )
    np.testing.assert_allclose(found.mean(axis=(-1, -2)), expected, atol=3e-3)
    assert np.unravel_index(found.mean(axis=(-1, -2)).argmax(), (4, 6)) == (scale, orientation)


def test_a_coarse_wave_is_answered_at_its_own_scale() -> None:
    for scale, cycles in ((2, 4), (3, 2)):
        assert energies(grating(0, cycles)).mean(axis=(1, 3, 4))[:, 0].argmax() == scale


@pytest.mark.parametrize("phase", [0.7, math.pi / 2, 2.5])
def test_energy_does_not_depend_on_the_phase(phase: float) -> None:
    first, other = energies(grating(4, 7)), energies(grating(4, 7, phase))
    np.testing.assert_allclose(first, other, atol=5e-3)
    assert first.max() > 0.15, "there is energy to compare"


def test_opponent_channels_see_their_own_colours() -> None:
    """Red against green: a wave in red and its negative in green is no luminance and no yellow."""
    wave = grating(0, 8)
    patch = np.concatenate([wave, 255 - wave, np.full_like(wave, 128)], axis=3)
    found = energies(patch).max(axis=(0, 2, 3, 4))
    assert found[1] == pytest.approx(0.2 * math.sqrt(2), abs=3e-3)
    assert max(found[0], found[2]) < 4e-3


def test_gray_patches_have_as_many_features_as_one_channel() -> None:
    assert Bank().features(grating(0, 8)).shape == (1, 1600)
    assert Bank().features(grating(0, 8, channels=3)).shape == (1, 4800)
    np.testing.assert_allclose(energies(grating(0, 8, channels=3))[:, 0], energies(grating(0, 8))[:, 0] * math.sqrt(3), atol=1e-5)


def test_a_patch_is_seen_alone_as_in_company(monkeypatch: pytest.MonkeyPatch) -> None:
    patches = np.random.default_rng(0).integers(0, 256, (19, SIDE, SIDE, 3)).astype(np.uint8)
    together = Bank().features(patches)
    np.testing.assert_allclose(np.concatenate([Bank().features(patches[i : i + 1]) for i in range(19)]), together, atol=1e-6)
    for chunk in (3, 32):
        monkeypatch.setattr(_bank, "CHUNK", chunk)
        np.testing.assert_allclose(Bank().features(patches), together, atol=1e-6)
