"""Conductance and internal influence: captum's layer methods, completeness, and the pixels as the first site."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.attribution.oracle import chain
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small


class Tower(nn.Module):
    """Two convolutions and two linear layers, smooth, so that sums converge fast."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two = nn.Conv2d(3, 6, 3, stride=2), nn.Conv2d(6, 8, 3, stride=2)
        self.mix, self.head = nn.Linear(8, 7), nn.Linear(7, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.two(torch.tanh(self.one(x))))
        return self.head(torch.tanh(self.mix(x.mean((2, 3)))))


def tower() -> tuple[Network, Tower]:
    module = Tower().eval()
    return Network(module, Preprocess(size=24)), module


@pytest.mark.parametrize("source", ["one", "two", "mix"])
def test_conductance_agrees_with_captum_and_is_complete(source: str) -> None:
    attr = pytest.importorskip("captum.attr")
    (net, module), x = tower(), photographs(2)
    ours = attribute(net, x, "head:1", "conductance", source=source, steps=40, batch_size=3, progress=False)
    theirs = attr.LayerConductance(module, getattr(module, source)).attribute(x, target=1, n_steps=200, method="riemann_middle").detach().numpy()
    assert ours.values.shape == theirs.shape
    assert np.abs(ours.values - theirs).max() < 5e-3 * np.abs(theirs).max()
    whole = net.run(x)[:, 1] - net.run(0 * x)[:, 1]
    np.testing.assert_allclose(ours.values.reshape(2, -1).sum(1), whole.detach().numpy(), atol=1e-3)
    np.testing.assert_allclose(ours.delta, 0, atol=1e-3)


@pytest.mark.parametrize("source", ["one", "mix"])
def test_internal_influence_agrees_with_captum(source: str) -> None:
    attr = pytest.importorskip("captum.attr")
    (net, module), x = tower(), photographs(2)
    ours = attribute(net, x, "head:1", "internal_influence", source=source, steps=16, progress=False)
    theirs = attr.InternalInfluence(module, getattr(module, source)).attribute(x, target=1, n_steps=32, method="gausslegendre").detach().numpy()
    assert np.abs(ours.values - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_the_pixels_are_a_site_too() -> None:
    (net, _), x = tower(), photographs(2)
    gradients = attribute(net, x, "head:1", "integrated_gradients", progress=False)
    np.testing.assert_allclose(attribute(net, x, "head:1", "conductance", progress=False).values, gradients.values, atol=1e-6)
    influence = attribute(net, x, "head:1", "internal_influence", progress=False)
    np.testing.assert_allclose(influence.values * x.numpy(), gradients.values, atol=1e-5)


def test_a_dead_unit_conducts_nothing_and_sites_behind_the_target_are_refused() -> None:
    net, x = small(), photographs(2)
    with torch.no_grad():
        net.module.second.weight[:, 4] = 0
    found = attribute(net, x, "head:2", "conductance", source="norm", steps=8, progress=False)
    assert not found.values[:, 4].any()
    assert found.values[:, 3].any()
    for method in ("conductance", "internal_influence"):
        with pytest.raises(NotDefinedError, match="choose a source before it"):
            attribute(net, x, "norm:1", method, source="second#1", progress=False)


def test_conductance_converges_with_the_square_of_the_steps() -> None:
    module = Tower().eval().double()
    net, x = Network(module, Preprocess(size=24)), photographs(2).double()
    found = [attribute(net, x, "head:1", "conductance", source="two", steps=steps, progress=False) for steps in (4, 8)]
    coarse, fine = (np.abs(one.delta).max() for one in found)
    assert fine < coarse / 3, f"delta {coarse} at 4 steps, {fine} at 8: gradients are not taken midway"


class Gated(nn.Module):
    """What a site says, times what the photograph says beside it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.gate = nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(3, 4, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (torch.tanh(self.one(x)) * torch.tanh(self.gate(x))).mean((2, 3))


@pytest.mark.parametrize("method", ["integrated_gradients", "smoothgrad"])
def test_what_goes_around_the_source_is_each_photographs_own(method: str) -> None:
    """Where many rows are asked about, one photograph's way to the source may not stand for all."""
    net, x = Network(Gated(), Preprocess(size=24)), photographs(3)
    many = {"steps": 40} if method == "integrated_gradients" else {"samples": 40}
    together = attribute(net, x, "output:1", method, source="one", progress=False, **many).values
    for row in range(3):
        alone = attribute(net, x[row], "output:1", method, source="one", progress=False, **many).values[0]
        np.testing.assert_allclose(together[row], alone, atol=1e-4 * np.abs(alone).max())


def test_which_units_matter_is_said_of_a_hidden_source() -> None:
    """Relevance of hidden units for a class, over photographs: what their places sum to; matrices by hand."""
    net = chain()
    images = np.random.default_rng(4).random((3, 1, 5, 5))
    found = attribute(net, images, "c:1", "lrp", composite="epsilon", epsilon=1e-13, source="b", progress=False)
    weights = {name: value.detach().numpy() for name, value in net.module.named_parameters()}
    expected = []
    for image in images:
        one = np.maximum(weights["a.weight"] @ image.ravel() + weights["a.bias"], 0)
        two = np.maximum(weights["b.weight"] @ one + weights["b.bias"], 0)
        expected.append(weights["c.weight"][1] * two)
    np.testing.assert_allclose(found.worths, expected, atol=1e-6)
    order = np.argsort(-np.abs(np.mean(expected, axis=0)), kind="stable")
    assert [unit for unit, _ in found.units(3)] == [f"b:{unit}" for unit in order[:3]]
    assert found.units(1)[0][1] == pytest.approx(np.mean(expected, axis=0)[order[0]], abs=1e-6)
    assert f"most: b:{order[0]} " in str(found)
    maps = small()
    over = attribute(maps, photographs(2), "head:2", "conductance", source="second#0", progress=False)
    np.testing.assert_allclose(over.worths, over.values.sum((2, 3)), rtol=1e-5)
    assert attribute(maps, photographs(1), "head:2", "gradient", progress=False).units() == []
