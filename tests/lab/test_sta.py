from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import optogram as og
from optogram.errors import InputError
from optogram.lab.sta import StaResult, _first_moved, sta


@pytest.fixture(scope="module")
def found(quick: Callable[[str], Any]) -> StaResult:
    found: StaResult = quick("sta").result
    return found


def test_planted_filters_come_back(found: StaResult) -> None:
    assert found["white"] >= 0.95
    assert found["natural"] >= 0.95


def test_the_controls(found: StaResult) -> None:
    assert found["undivided"] < 0.92 < found["natural"]
    assert found.likeness[0].mean() < found.likeness[-1].min()


def test_the_energy_unit(found: StaResult) -> None:
    assert found["axes"] == 2
    assert found["subspace"] >= 0.95
    assert found.variances[0] > found.high > 1 > found.low


def test_the_real_unit_s_weights(found: StaResult) -> None:
    assert found.weights is not None
    assert found["real"] > 0.8


def test_few_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="at least 1,024"):
        sta(pictures=10)


def test_pictures_are_drawn(found: StaResult) -> None:
    assert set(found.pictures()) == {"filters", "axes", "growth", "unit"}


def test_the_unit_looked_at_is_one_that_noise_moves() -> None:
    layer = nn.Conv2d(1, 3, 5)
    with torch.no_grad():
        layer.weight[0], layer.bias[0] = 0, -1
    network = og.Network(nn.Sequential(layer, nn.ReLU()), og.Preprocess(size=16), name="one is dead")
    assert _first_moved(network, 0).endswith(":1")
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = 0, -1
    assert _first_moved(og.Network(nn.Sequential(layer, nn.ReLU()), og.Preprocess(size=16), name="all are dead"), 0).endswith(":0")
