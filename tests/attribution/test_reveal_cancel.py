"""Reveal-cancel: the paper's own example, the rule in matrices, completeness through norms, skips and pools, and rescale where nothing cancels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution.layered import SIDE as WIDTH
from tests.attribution.layered import layered
from tests.attribution.oracle import SIDE, chain
from tests.attribution.test_deeplift import Pools
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.errors import SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs

IMAGE = np.random.default_rng(0).random((1, SIDE, SIDE))
REVEAL = {"rule": "reveal_cancel", "progress": False}


class Lesser(nn.Module):
    """min(x1, x2) = x1 - relu(x1 - x2)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False)
        with torch.no_grad():
            self.layer.weight.copy_(torch.tensor([[1.0, 0.0], [1.0, -1.0]]))
            self.last.weight.copy_(torch.tensor([[1.0, -1.0]]))

    def forward(self, x: Tensor) -> Tensor:
        both = self.layer(x.flatten(1))
        return self.last(torch.stack([both[:, 0], F.relu(both)[:, 1]], 1))


@pytest.mark.parametrize(("first", "second"), [(0.9, 0.4), (0.3, 0.8)])
def test_of_the_lesser_of_two_both_get_half(first: float, second: float) -> None:
    """The paper's figure 2: rescale gives all to one of them."""
    net = Network(Lesser().double(), Preprocess(size=(1, 2)))
    image = np.array([[[first, second]]] * 1)[None]
    net.channels = 1
    found = attribute(net, image, "last:0", "deeplift", **REVEAL).values.ravel()
    np.testing.assert_allclose(found, min(first, second) / 2, atol=1e-6)
    rescaled = attribute(net, image, "last:0", "deeplift", progress=False).values.ravel()
    np.testing.assert_allclose(sorted(rescaled), [0, min(first, second)], atol=1e-6)


def by_hand(net: Network, unit: int, baseline: float, curve: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Contributions of the pixels to one unit, matrix by matrix, from differences and their two parts."""
    weights = {name: value.detach().numpy() for name, value in net.module.named_parameters()}
    away = IMAGE.ravel() - baseline
    base = np.full(SIDE * SIDE, baseline)
    layers = []
    for name in ("a", "b"):
        weight = weights[f"{name}.weight"]
        parts = weight * away
        plus, minus = np.where(parts > 0, parts, 0).sum(1), np.where(parts < 0, parts, 0).sum(1)
        plus, minus = np.where(plus == 0, 1e-9, plus), np.where(minus == 0, -1e-9, minus)  # the limit of either going to nought
        none = weight @ base + weights[f"{name}.bias"]
        values = [curve(none + one) for one in (0, plus, minus, plus + minus)]
        added = (values[1] - values[0] + values[3] - values[2]) / 2
        taken = (values[2] - values[0] + values[3] - values[1]) / 2
        layers.append((weight, away, plus, minus, added, taken))
        away, base = values[3] - values[0], values[0]
    back = weights["c.weight"][unit]
    for weight, away, plus, minus, added, taken in layers[::-1]:
        to_plus, to_minus = back * added / plus, back * taken / minus
        halves = (1 + np.sign(weight * away)) / 2  # of no difference at all, half goes each way
        back = (weight * (halves * to_plus[:, None] + (1 - halves) * to_minus[:, None])).sum(0)
    return (back * (IMAGE.ravel() - baseline)).reshape(IMAGE.shape)


@pytest.mark.parametrize("rectifier", [F.relu, nn.ReLU(inplace=True), torch.tanh, F.gelu])
def test_against_the_matrices(rectifier: object) -> None:
    net = chain(rectifier)
    plain = {"ReLU": F.relu}.get(type(rectifier).__name__, rectifier)
    expected = by_hand(net, 2, 0.3, lambda z: plain(torch.from_numpy(z.copy())).numpy())
    found = attribute(net, IMAGE, "c:2", "deeplift", baseline=0.3, **REVEAL)
    np.testing.assert_allclose(found.values[0], expected, atol=1e-5 * np.abs(expected).max())
    other = attribute(net, IMAGE, "c:2", "deeplift", baseline=0.3, progress=False)
    assert np.abs(found.values - other.values).max() > 1e-2 * np.abs(expected).max()


@pytest.mark.parametrize("baseline", ["black", "noise", 0.7])
def test_nothing_is_missed(baseline: object) -> None:
    """Norms folded into their layers, a skip connection in place or not, pools that overlap."""
    image = np.random.default_rng(1).random((2, WIDTH, WIDTH))
    maps = []
    for inplace in (True, False):
        found = attribute(layered(inplace), image, "head:1", "deeplift", baseline=baseline, **REVEAL)
        assert abs(found.delta[0]) < 1e-5 * abs(found.responses[0])
        maps.append(found.values)
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6)
    images = photographs(2, 3, 12, 12)
    found = attribute(Network(Pools().double(), Preprocess(size=12)), images, "head:1", "deeplift", baseline=baseline, **REVEAL)
    assert np.abs(found.delta).max() < 1e-5 * np.abs(found.responses).max()


def test_a_norm_behind_a_layer_is_one_layer_with_it() -> None:
    """The same map as of the convolution that the norm is folded into."""

    class Two(nn.Module):
        def __init__(self, folded: bool) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.norm, self.head = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Linear(6, 3)
            nn.init.normal_(self.norm.weight), nn.init.normal_(self.norm.bias)
            if folded:
                self.conv = torch.nn.utils.fusion.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
                self.norm = nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            return self.head(F.relu(self.norm(self.conv(x))).mean((2, 3)))

    images = photographs(2, 3, 8, 8).double()
    one, other = (attribute(Network(Two(folded).double(), Preprocess(size=8)), images, "head:1", "deeplift", **REVEAL) for folded in (True, False))
    assert np.abs(one.values - other.values).max() < 1e-5 * np.abs(one.values).max()
    hidden = attribute(Network(Two(True).double(), Preprocess(size=8)), images, "head:1", "deeplift", source="conv", **REVEAL)
    assert np.abs(hidden.delta).max() < 1e-5 * np.abs(hidden.responses).max()


@pytest.mark.usefixtures("unchecked")
def test_a_rule_that_there_is_not() -> None:
    with pytest.raises(SettingError, match='rule is "rescale" or "reveal_cancel"; got "cancel"'):
        attribute(chain(), IMAGE, "c:2", "deeplift", rule="cancel")
