"""Guided backprop against the matrices, on every kind of rectifier, beside a peer where it is right and where it is wrong."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution.oracle import SIDE, by_hand, chain
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.errors import InterceptionError, NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.unchanged import unchanged

IMAGE = np.random.default_rng(0).random((1, SIDE, SIDE))


def rule(z: np.ndarray, grad: np.ndarray) -> np.ndarray:
    return (z > 0) * np.maximum(grad, 0)


@pytest.mark.parametrize("rectifier", [F.relu, nn.ReLU(), nn.ReLU(inplace=True), torch.relu_, lambda z: z.clamp(min=0)])
def test_against_the_matrices(rectifier: object) -> None:
    net = chain(rectifier)
    found = attribute(net, IMAGE, "c:2").values[0]
    np.testing.assert_allclose(found, by_hand(net, IMAGE, 2, rule), rtol=1e-5)
    assert not np.allclose(found, attribute(net, IMAGE, "c:2", "gradient").values[0], rtol=1e-2)


@pytest.mark.parametrize("rectifier", [nn.ReLU6(inplace=True), F.relu6, nn.Hardtanh(0, 6)])
def test_relu6_also_needs_z_below_the_knee(rectifier: object) -> None:
    net = chain(rectifier)
    with torch.no_grad():
        net.module.a.weight *= 40
    expected = by_hand(net, IMAGE, 2, lambda z, grad: ((z > 0) & (z < 6)) * np.maximum(grad, 0), knee=6.0)
    assert not np.allclose(expected, by_hand(net, IMAGE, 2, rule, knee=6.0))
    np.testing.assert_allclose(attribute(net, IMAGE, "c:2").values[0], expected, rtol=1e-5)


def test_leaky_rectifiers_hand_down_their_slope_and_are_labelled() -> None:
    net = chain(nn.LeakyReLU(0.2))
    expected = by_hand(net, IMAGE, 2, lambda z, grad: np.where(z > 0, 1, 0.2) * np.maximum(grad, 0), leak=0.2)
    found = attribute(net, IMAGE, "c:2")
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-5)
    assert found.generalised
    assert "generalised at leaky_relu" in found.notes[0]
    assert "(generalised)" in str(found)


def test_smooth_ones_are_refused_unless_asked() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(25, 8), nn.GELU(), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers(x)

    net = Network(Mixed(), Preprocess(size=SIDE))
    with pytest.raises(NotDefinedError, match="guided_backprop is defined for rectifiers; this network has 2 GELU and no ReLU") as refusal:
        attribute(net, IMAGE.astype(np.float32), "layers.5:1")
    assert 'Use integrated_gradients, or say rule="generalised"' in str(refusal.value)
    found = attribute(net, IMAGE.astype(np.float32), "layers.5:1", rule="generalised")
    assert found.generalised
    weights = [layer.weight.detach().double().numpy() for layer in net.module.layers if isinstance(layer, nn.Linear)]
    biases = [layer.bias.detach().double() for layer in net.module.layers if isinstance(layer, nn.Linear)]
    zs = [torch.from_numpy(weights[0] @ IMAGE.ravel()) + biases[0]]
    zs.append(torch.from_numpy(weights[1]) @ F.gelu(zs[0]) + biases[1])
    back = weights[2][1]
    for z, weight in zip(zs[::-1], weights[1::-1], strict=True):
        back = ((z > 0).numpy() * np.maximum(back, 0)) @ weight  # the slope of GELU is positive wherever z > 0
    np.testing.assert_allclose(found.values[0].ravel(), back, rtol=1e-4, atol=1e-7)


def test_no_rectifier_before_the_target() -> None:
    with pytest.raises(NotDefinedError, match="there are 0"):
        attribute(chain(), IMAGE, "a:2")


def test_an_escape_is_an_error_not_a_plain_gradient() -> None:
    net = chain(lambda z: torch.maximum(z, torch.zeros((), dtype=z.dtype)))
    with pytest.raises(InterceptionError, match=r"computes 2 and 0 could be intercepted"):
        attribute(net, IMAGE, "c:2")
    with pytest.raises(InterceptionError):
        attribute(net, IMAGE, "c:2", rule="generalised")


class Peer(nn.Module):
    """Two convolutions and a rectifier between, in the form under test."""

    def __init__(self, rectifier: object) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two, self.rectifier = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 4, 3), rectifier
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.rectifier(self.two(self.rectifier(self.one(x))))
        return self.last(x.mean((2, 3)))


def captum_of(name: str, module: nn.Module, images: torch.Tensor, unit: int) -> np.ndarray:
    attr = pytest.importorskip("captum.attr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(attr, name)(module.eval()).attribute(images.clone().requires_grad_(), target=unit).detach().numpy()


IMAGES = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("method", "name"), [("guided_backprop", "GuidedBackprop"), ("deconvnet", "Deconvolution")])
def test_agrees_with_captum_where_it_is_right(method: str, name: str) -> None:
    """Rectifiers that are modules, each used once, not in place."""
    module = Peer(nn.ReLU())
    module.rectifier = nn.ModuleList([nn.ReLU(), nn.ReLU()])
    module.forward = lambda x: module.last(module.rectifier[1](module.two(module.rectifier[0](module.one(x)))).mean((2, 3)))  # type: ignore[method-assign]
    net = Network(_Plain(module), Preprocess(size=12))
    theirs = captum_of(name, net.module, IMAGES, 1)
    ours = attribute(net, IMAGES, "last:1", method).values
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


class _Plain(nn.Module):
    """The same as a `Peer` with two rectifier modules, written out."""

    def __init__(self, peer: nn.Module) -> None:
        super().__init__()
        self.one, self.first, self.two, self.second, self.last = peer.one, nn.ReLU(), peer.two, nn.ReLU(), peer.last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.second(self.two(self.first(self.one(x)))).mean((2, 3)))


@pytest.mark.parametrize("rectifier", [F.relu, nn.ReLU6()], ids=["F.relu", "ReLU6"])
def test_where_the_peer_returns_the_plain_gradient_with_no_word(rectifier: object) -> None:
    """captum hooks modules of the class ReLU: a functional call and ReLU6 pass unseen, and its map is the gradient."""
    net = Network(Peer(rectifier), Preprocess(size=12))
    theirs = captum_of("GuidedBackprop", net.module, IMAGES, 1)
    gradient = attribute(net, IMAGES, "last:1", "gradient").values
    ours = attribute(net, IMAGES, "last:1").values
    np.testing.assert_allclose(theirs, gradient, atol=1e-6)
    assert np.abs(ours - gradient).max() > 0.1 * np.abs(gradient).max()


def test_a_rectifier_in_place_and_frozen_parameters() -> None:
    """A peer crashes on the first and asks for gradients of the second; here they are the same map as the plain network's."""
    module = Peer(nn.ReLU(inplace=True)).requires_grad_(False)
    with unchanged(module):
        found = attribute(Network(module, Preprocess(size=12)), IMAGES, "last:1").values
    expected = attribute(Network(Peer(F.relu), Preprocess(size=12)), IMAGES, "last:1").values
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert all(found[row].any() for row in range(3))
