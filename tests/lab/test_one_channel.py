"""Labs that look at a network look at one that sees gray pictures too, with the photographs that come with them."""

from __future__ import annotations

from importlib import import_module

import pytest
import torch
from torch import nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network

LABS = ("convolution", "depth", "noise")
SLOW_LABS = ("fields", "gabor", "greybox", "hierarchy", "invariance", "psychophysics", "salmon", "sta", "tuning")


@pytest.mark.parametrize("name", [*LABS, *(pytest.param(lab, marks=pytest.mark.slow) for lab in SLOW_LABS)])
def test_a_network_of_one_channel_is_looked_at(name: str) -> None:
    torch.manual_seed(0)
    layers = (nn.Conv2d(1, 6, 7), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 11 * 11, 4))
    network = Network(nn.Sequential(*layers).eval(), Preprocess(size=28, mean=(0.13,), std=(0.31,)), labels=list("abcd"), name="gray")
    assert network.channels == 1
    found = getattr(import_module(f"optogram.lab.{name}"), name)(network=network, quick=True, progress=False)
    assert found.findings
    assert all(picture.width > 0 for picture in found.pictures().values())
