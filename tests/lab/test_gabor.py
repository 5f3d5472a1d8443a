from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from optogram.errors import InputError
from optogram.lab.gabor import GaborResult, first_filters, gabor
from optogram.network.network import Network
from optogram.physiology.gabor import drawn


@pytest.fixture(scope="module")
def found(quick: Callable[[str], Any]) -> GaborResult:
    found: GaborResult = quick("gabor").result
    return found


def bank(filters: np.ndarray) -> Network:
    """A network whose only convolution has these filters."""
    layer = nn.Conv2d(filters.shape[1], len(filters), filters.shape[2], bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(filters))
    return Network(nn.Sequential(layer, nn.ReLU()))


def planted(count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    angles, phases = random.uniform(0, 180, (2, count))
    return np.stack([drawn((11, 11), 5, 5, (1.8, 2.4), angle, 0.2, phase) for angle, phase in zip(angles, phases, strict=True)])


def test_the_demo_network_s_filters_beat_their_controls(found: GaborResult) -> None:
    assert found["fitted"] > 0.3 > (found.finding("fitted").control or 0)
    assert found["fitted_p"] == pytest.approx(1 / 6)
    assert found["r2"] > (found.finding("r2").control or 1) + 0.1
    assert (found.twin_r2 < 0.8).all()


def test_a_bank_of_planted_functions_is_all_fitted_and_noise_is_not() -> None:
    gray = np.repeat(planted(8)[:, None], 3, axis=1)
    told = gabor(network=bank(gray), quick=True, progress=False)
    assert told["fitted"] == 1
    assert told["opponent"] == 0
    np.testing.assert_allclose(told.nx, 0.36, atol=0.02)
    np.testing.assert_allclose(told.ny, 0.48, atol=0.02)
    np.testing.assert_allclose(
        told.fitted - told.fitted.mean((1, 2), keepdims=True), told.filters - told.filters.mean((1, 2), keepdims=True), atol=1e-4
    )
    noise = gabor(network=bank(np.random.default_rng(0).normal(size=(8, 3, 11, 11))), quick=True, progress=False)
    assert noise["fitted"] == 0
    assert "Too few" in str(noise)


def test_colour_opponent_filters_are_told_apart() -> None:
    gray = planted(8)
    colours = np.array([[1, 1, 1]] * 5 + [[1, -1, 0], [1, 1, -2], [0.2, 1, -1]])
    told = gabor(network=bank(gray[:, None] * colours[:, :, None, None]), quick=True, progress=False)
    assert (told.opponent > 0.5).tolist() == [False] * 5 + [True] * 3
    assert told.compared.sum() == 5


def test_filters_unlike_the_cells_are_found_out() -> None:
    """Twelve cycles long: no cell is."""
    long = np.stack([drawn((15, 15), 7, 7, (5, 5), angle, 0.3, 0) for angle in (np.arange(12) * 15.0).tolist()])
    told = gabor(network=bank(long[:, None]), quick=True, progress=False)
    assert told["macaque_p"] < 0.01
    assert "differ from 79 simple cells" in str(told)


def test_small_kernels_are_refused() -> None:
    small = bank(np.random.default_rng(0).normal(size=(4, 3, 3, 3)))
    with pytest.raises(InputError, match="at least 7x7"):
        first_filters(small)
    with pytest.raises(InputError, match="0 has 3x3: name another convolution with --site"):
        gabor(network=small, site="0", quick=True, progress=False)


def test_dead_and_even_filters_are_left_out_and_the_others_keep_their_numbers() -> None:
    """The third is dead, the fifth the same everywhere; a bank of nothing else is refused."""
    held = np.insert(planted(6), [2, 3], [np.zeros((11, 11)), np.full((11, 11), 0.3)], axis=0)[:, None]
    told = gabor(network=bank(held), quick=True, progress=False)
    assert told.units.tolist() == [0, 1, 3, 5, 6, 7]
    assert told["left_out"] == 2
    assert "2 of 8 filters of 0 do not vary" in str(told)
    alone = gabor(network=bank(planted(6)[:, None]), quick=True, progress=False)
    np.testing.assert_allclose(told.r2, alone.r2)
    assert "left_out" not in {entry.name for entry in alone.findings}
    with pytest.raises(InputError, match="fewer than two filters"):
        gabor(network=bank(held[2:5:2]), quick=True, progress=False)


def test_pictures_are_drawn(found: GaborResult) -> None:
    for name, picture in found.pictures().items():
        assert min(picture.size) > 300, name
