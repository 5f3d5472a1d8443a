"""The copy that is kept for questions to come: the same answers, never of weights that have changed since."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.network.fast import ready as ready_module
from optogram.network.fast.ready import ready

SMALL = og.Preprocess(size=12, crop=12)


def normed(channels: int = 6) -> nn.Module:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, channels, 3, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 64, 5),
    )
    norm = module[1]
    assert isinstance(norm, nn.BatchNorm2d)
    for statistic in (norm.running_mean, norm.running_var):
        assert statistic is not None
        statistic.data.uniform_(0.5, 2.0)
    for layer in (1, 3):
        module[layer].bias.data.add_(1.0)  # units that respond  # type: ignore[operator, union-attr]
    return module.double().eval()


def gradient(net: og.Network, target: str = "output:2", method: str = "gradient") -> np.ndarray:
    images = torch.rand(3, 3, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return og.attribute(net, images, target, method, progress=False).values


@pytest.mark.parametrize(
    ("method", "target"),
    [*product(["gradient", "input_x_gradient", "integrated_gradients"], ["output:2", "1:3", "0:3", "3:1@2,2"]), ("guided_backprop", "output:2")],
)
def test_answers_are_those_of_the_network_itself(method: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = gradient(og.Network(normed(), SMALL), target, method)
    monkeypatch.setattr(ready_module, "MOST_BYTES", 0)
    expected = gradient(og.Network(normed(), SMALL), target, method)
    assert np.abs(expected).max() > 0
    assert np.abs(found - expected).max() < 1e-6 * np.abs(expected).max()  # both are rounded to single precision


def test_it_is_made_once_and_for_every_site_that_is_left() -> None:
    net = og.Network(normed(), SMALL)
    gradient(net)
    copy = ready(net, ["output"])
    assert copy is not None
    gradient(net, "1:3")
    assert ready(net, ["output"]) is copy
    assert ready(net, ["1"]) is copy
    assert ready(net, ["0"]) is None  # folded into the norm behind it


@pytest.mark.parametrize("layer", [0, 1, 6])
def test_weights_that_change_between_questions_are_seen(layer: int) -> None:
    module = normed()
    net = og.Network(module, SMALL)
    before = gradient(net)
    first = ready(net, ["output"])
    weight = module[layer].weight  # type: ignore[index]
    weight.data.mul_(-1.5)  # through .data, which no version counter sees
    expected = gradient(og.Network(module, SMALL))
    found = gradient(net)
    assert np.array_equal(found, expected)
    assert not np.allclose(found, before)
    assert ready(net, ["output"]) is not first


def test_a_layer_that_is_put_in_another_s_place_is_seen() -> None:
    module = normed()
    net = og.Network(module, SMALL)
    gradient(net)
    module[4] = nn.Sequential(nn.Conv2d(4, 4, 1).double(), nn.ReLU())  # type: ignore[index]
    assert np.array_equal(gradient(net), gradient(og.Network(module, SMALL)))


def test_networks_without_convolutions_and_large_ones_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = nn.Sequential(nn.Flatten(), nn.Linear(3 * 144, 5)).eval()
    assert ready(og.Network(dense, SMALL), ["output"]) is None
    monkeypatch.setattr(ready_module, "MOST_BYTES", 100)
    assert ready(og.Network(normed(), SMALL), ["output"]) is None


def test_rules_at_rectifiers_hold_behind_a_strided_first_layer() -> None:
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 6, 5, stride=2), nn.Conv2d(6, 4, 3)
    second.bias.data.add_(1.0)  # type: ignore[union-attr]
    module = nn.Sequential(first, nn.BatchNorm2d(6), nn.ReLU(inplace=True), second, nn.ReLU6(inplace=True), nn.Flatten()).eval()
    net, images = og.Network(module, SMALL), torch.rand(2, 3, 12, 12)
    for method in ("guided_backprop", "deconvnet"):
        copied = og.attribute(net, images, "output:5", method, progress=False)
        assert copied.values.any()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ready_module, "MOST_BYTES", 0)
            plain = og.attribute(og.Network(module, SMALL), images, "output:5", method, progress=False)
        np.testing.assert_allclose(copied.values, plain.values, atol=1e-5 * np.abs(plain.values).max())
