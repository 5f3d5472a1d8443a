from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from torch import nn

from optogram.errors import InputError
from optogram.images.preprocess import Preprocess
from optogram.network.load import load
from optogram.network.network import Network
from optogram.physiology.fields import Window, effective, patches, recursive, square_with, windows
from optogram.zoo._planted import planted


def test_the_rule_agrees_with_the_measured_box_on_a_chain() -> None:
    network = load("zoo:photonet")
    chain = windows(network)
    assert [window.path for window in chain] == ["conv1", "pool1", "conv2", "conv3", "conv4"]
    for number, window in enumerate(chain, 1):
        box = network.receptive_field(window.path)
        assert recursive(chain[:number]) == (box.height, box.width)


def test_the_rule_by_hand() -> None:
    """VGG's first block by hand: 3x3, 3x3, pool 2: 1 <- 2 <- 4 <- 6; and a kernel that is wider than high, dilated."""
    block = [Window("a", (3, 3), (1, 1)), Window("b", (3, 3), (1, 1)), Window("c", (2, 2), (2, 2))]
    assert recursive(block) == (6, 6)
    assert patches(block) == [(2, 2), (4, 4), (6, 6)]
    assert recursive([]) == (1, 1)
    network = Network(nn.Sequential(nn.Conv2d(1, 2, (1, 3), dilation=(1, 2)), nn.ReLU(), nn.Conv2d(2, 2, 3, stride=2)))
    box = network.receptive_field("2")
    assert recursive(windows(network)) == (box.height, box.width) == (3, 7)


def test_the_effective_field_of_a_linear_unit_is_its_squared_template() -> None:
    given = planted(3)
    found = effective(given.network, given.addresses["spot"], torch.rand(2, 3, 32, 32))
    box = given.network.receptive_field(given.addresses["spot"])
    expected = (given.truth["spot"] ** 2).sum(0)
    np.testing.assert_allclose(found.energy[box.top : box.bottom, box.left : box.right], expected, atol=1e-7)
    assert found.energy.sum() == pytest.approx(expected.sum())
    assert found.side < box.width


def test_three_fields_of_a_planted_chain() -> None:
    """Two linear convolutions: the rule and the marks give the size of their kernels' product, the gradient is that product, squared."""
    first, second = (np.random.default_rng(seed).normal(size=(side, side)) for seed, side in ((0, 5), (1, 3)))
    net = nn.Sequential(nn.Conv2d(1, 1, 5, bias=False), nn.Conv2d(1, 1, 3, bias=False))
    with torch.no_grad():
        for layer, kernel in zip(net, (first, second), strict=True):
            layer.weight.copy_(torch.from_numpy(kernel)[None, None])
    network = Network(net, Preprocess(size=16, mean=(0.0,), std=(1.0,)), name="chain")
    box = network.receptive_field("1")
    assert recursive(windows(network)) == (box.height, box.width) == (7, 7)
    found = effective(network, "1:0", torch.rand(2, 1, 16, 16))
    product = convolve2d(first, second) ** 2
    np.testing.assert_allclose(found.energy[box.top : box.bottom, box.left : box.right], product, rtol=1e-4)
    assert found.energy.sum() == pytest.approx(product.sum(), rel=1e-4)
    held = [product[3 - reach : 4 + reach, 3 - reach : 4 + reach].sum() / product.sum() for reach in range(4)]
    assert found.side == 2 * int(np.searchsorted(held, 0.9)) + 1


def test_square_with_a_share() -> None:
    energy = np.ones((9, 9))
    assert square_with(energy, (4, 4), share=1.0) == 9
    assert square_with(energy, (4, 4), share=9 / 81) == 3
    assert square_with(energy, (4, 4), share=10 / 81) == 5
    assert square_with(np.eye(9)[4][:, None] * np.eye(9)[4], (4, 4)) == 1


def test_a_dead_unit_has_no_effective_field() -> None:
    given = planted(3)
    dead = given.addresses["dead"].split(":")[1]
    with pytest.raises(InputError, match="no gradient"):
        effective(given.network, f"rectified:{dead}", torch.rand(2, 3, 32, 32))
