from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from optogram.drawing.overlay import blurred, gray, overlay

PHOTO = np.full((112, 112, 3), 128, np.uint8)
ROWS, COLUMNS = np.mgrid[:112, :112]


def bump(row: float, column: float, width: float = 12) -> np.ndarray:
    return np.exp(-((ROWS - row) ** 2 + (COLUMNS - column) ** 2) / (2 * width**2))


MAP = bump(56, 30) - bump(56, 82)


def test_orange_lies_where_the_map_is_positive_blue_where_negative() -> None:
    pixels = np.asarray(overlay(PHOTO, MAP, outlines=False)).astype(int)
    factor = pixels.shape[0] // 112
    assert pixels.shape == (448, 448, 3)
    warm = pixels[..., 0] - pixels[..., 2]
    assert warm[56 * factor, 30 * factor] > 60
    assert warm[56 * factor, 82 * factor] < -60
    assert abs(warm[5, 5]) < 4


def test_a_map_of_zeros_leaves_a_pale_gray_photograph() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (448, 448, 3), dtype=np.uint8)
    pixels = np.asarray(overlay(photo, np.zeros((448, 448)))).astype(int)
    assert np.ptp(pixels, axis=2).max() == 0
    assert np.corrcoef(pixels[..., 0].ravel(), gray(photo).ravel())[0, 1] > 0.99
    assert pixels.min() > 60


def test_outlines_are_solid_around_plus_and_dashed_around_minus() -> None:
    with_lines, without = (np.asarray(overlay(PHOTO, MAP, outlines=flag).convert("L"), float) for flag in (True, False))
    drawn = np.abs(with_lines - without) > 20
    radius = 12 * np.sqrt(2 * np.log(2)) * 4  # half of a bump's height, four pixels for each of the map's
    share = {}
    for column in (30, 82):
        angles = np.linspace(0, 2 * np.pi, 400)
        around = [
            map_coordinates(
                drawn.astype(float), [56.5 * 4 + (radius + off) * np.sin(angles), (column + 0.5) * 4 + (radius + off) * np.cos(angles)], order=0
            )
            for off in range(-6, 7)
        ]
        share[column] = float(np.max(around, axis=0).mean())
    assert share[30] > 0.97
    assert 0.4 < share[82] < 0.85


def test_a_gray_photograph_may_have_one_channel_and_the_scale_can_be_shared() -> None:
    assert overlay(PHOTO[:, :, :1], MAP).size == (448, 448)
    weak = np.asarray(overlay(PHOTO, MAP, limit=100.0, outlines=False)).astype(int)
    assert np.abs(weak[..., 0] - weak[..., 2]).max() < 10


@pytest.mark.parametrize("sigma", [0.8, 2.0, 5.0])
def test_smoothing_is_gaussian(sigma: float) -> None:
    noise = np.random.default_rng(1).normal(size=(40, 60))
    oracle = gaussian_filter(noise, sigma, mode="mirror", radius=int(np.ceil(3 * sigma)))
    assert np.abs(blurred(noise, sigma) - oracle).max() < 1e-9
    assert np.array_equal(blurred(noise, 0.0), noise)
