"""Positive paths against the matrices, against an enumeration of paths, and against guided backprop, which it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution.layered import MEAN, STD, layered, matrix
from tests.attribution.layered import SIDE as WIDTH
from tests.attribution.oracle import SIDE, by_hand, chain
from tests.attribution.test_lrp import odd
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError
from optogram.network.network import Network
from optogram.testing.attribution import photographs

IMAGE = np.random.default_rng(0).random((1, SIDE, SIDE))


def paths(net: Network, image: np.ndarray, unit: int, open_at: float = np.inf) -> np.ndarray:
    """Every path pixel, first, second layer, unit, one by one."""
    weights = {name: value.detach().numpy() for name, value in net.module.named_parameters()}
    first = weights["a.weight"] @ image.ravel() + weights["a.bias"]
    second = weights["b.weight"] @ np.minimum(np.maximum(first, 0), open_at) + weights["b.bias"]
    found = np.zeros(SIDE * SIDE)
    for pixel in range(SIDE * SIDE):
        for one in range(12):
            for two in range(9):
                steps = (weights["a.weight"][one, pixel], weights["b.weight"][two, one], weights["c.weight"][unit, two])
                if min(steps) > 0 and 0 < first[one] < open_at and 0 < second[two] < open_at:
                    found[pixel] += np.prod(steps)
    return found.reshape(1, SIDE, SIDE)


@pytest.mark.parametrize("rectifier", [F.relu, nn.ReLU(inplace=True), torch.relu_, lambda z: z.clamp(min=0)])
def test_against_the_paths_one_by_one(rectifier: object) -> None:
    net = chain(rectifier)
    for unit in range(3):
        found = attribute(net, IMAGE, f"c:{unit}", "positive_paths").values[0]
        np.testing.assert_allclose(found, paths(net, IMAGE, unit), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("rectifier", [nn.ReLU6(inplace=True), F.relu6, nn.Hardtanh(0, 6)])
def test_relu6_is_closed_above_its_knee(rectifier: object) -> None:
    net = chain(rectifier)
    with torch.no_grad():
        net.module.a.weight *= 40
    expected = paths(net, IMAGE, 2, 6.0)
    assert not np.allclose(expected, paths(net, IMAGE, 2))
    np.testing.assert_allclose(attribute(net, IMAGE, "c:2", "positive_paths").values[0], expected, rtol=1e-5)


def test_a_norm_without_a_layer_before_it_lets_through_where_its_scale_is_positive() -> None:
    norm, head = nn.BatchNorm2d(3), nn.Linear(3, 2)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([2.0, -3.0, 0.5]))
        head.weight.copy_(torch.tensor([[1.0, 4.0, 1.0], [1.0, 4.0, -1.0]]))
    module = nn.Sequential(norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval()
    for unit, expected in ((0, (2.0, 0.0, 0.5)), (1, (2.0, 0.0, 0.0))):
        found = attribute(Network(module), photographs(1, 3, 4, 4), f"3:{unit}", "positive_paths").values[0]
        np.testing.assert_allclose(found, np.broadcast_to(np.array(expected)[:, None, None] / 16, (3, 4, 4)), rtol=1e-4)


def test_leaky_rectifiers_let_through_where_the_unit_is_positive() -> None:
    net = chain(nn.LeakyReLU(0.2))
    weights = {name: value.detach().numpy() for name, value in net.module.named_parameters()}
    first = weights["a.weight"] @ IMAGE.ravel() + weights["a.bias"]
    second = weights["b.weight"] @ np.where(first > 0, first, 0.2 * first) + weights["b.bias"]
    back = (np.maximum(weights["c.weight"][2], 0) * (second > 0)) @ np.maximum(weights["b.weight"], 0)
    expected = (back * (first > 0)) @ np.maximum(weights["a.weight"], 0)
    np.testing.assert_allclose(attribute(net, IMAGE, "c:2", "positive_paths").values[0].ravel(), expected, rtol=1e-5)


def test_norms_are_folded_in_first_and_skips_add_their_paths() -> None:
    net = layered()
    module = net.module.eval()
    image = np.random.default_rng(1).random((2, WIDTH, WIDTH))
    w1, b1 = matrix(lambda t: module.norm1(module.one(t)), (2, WIDTH, WIDTH))
    w2, b2 = matrix(lambda t: module.norm2(module.two(t)), (4, WIDTH, WIDTH))
    a1 = np.maximum(w1 @ ((image - MEAN) / STD).ravel() + b1, 0)
    a2 = np.maximum(w2 @ a1 + b2 + a1, 0)
    windows = a2.reshape(4, 3, 2, 3, 2).transpose(0, 1, 3, 2, 4).reshape(36, 4)
    back = np.zeros((36, 4))
    back[np.arange(36), windows.argmax(1)] = np.repeat(np.maximum(module.head.weight.detach().numpy()[1], 0), 9) / 9
    back = back.reshape(4, 3, 3, 2, 2).transpose(0, 1, 3, 2, 4).ravel() * (a2 > 0)
    back = (back + back @ np.maximum(w2, 0)) * (a1 > 0)
    expected = (back @ np.maximum(w1, 0) / STD).reshape(image.shape)
    np.testing.assert_allclose(attribute(net, image, "head:1", "positive_paths").values[0], expected, rtol=1e-5)


def test_is_not_guided_backprop() -> None:
    """Guided backprop lets a positive gradient through a negative weight's partner; the maps differ, and only one is never negative."""
    guided = attribute(chain(), IMAGE, "c:2", "guided_backprop").values
    found = attribute(chain(), IMAGE, "c:2", "positive_paths").values
    assert guided.min() < 0
    assert found.min() >= 0
    assert np.abs(guided - found).max() > 0.1 * np.abs(guided).max()
    rule = by_hand(chain(), IMAGE, 2, lambda z, grad: (z > 0) * np.maximum(grad, 0))
    assert not np.allclose(found[0], rule, rtol=0.1)


@pytest.mark.parametrize(("operation", "named"), [(F.gelu, "gelu"), (lambda x: torch.maximum(x, x * 0), "maximum"), (F.silu, "silu")])
def test_what_is_no_rectifier_is_refused(operation: object, named: str) -> None:
    with pytest.raises(NotDefinedError, match=f"positive_paths has no rule for .*{named}.*Use integrated_gradients"):
        attribute(odd(operation), photographs(1, 3, 8, 8), "head:1", "positive_paths")
