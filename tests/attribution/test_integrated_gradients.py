"""Integrated gradients: closed forms, completeness, quadratures, baselines, constant memory, and a peer beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.attribution.integrated_gradients import quadrature_of
from optogram.errors import InputError, NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import Small, photographs, small


class Cubic(nn.Module):
    """f(x) = sum of w x^3, whose integrated gradient from b is w (x^3 - b^3): a smooth closed form."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Conv2d(2, 1, 1)
        self.weights = nn.Parameter(torch.linspace(-1, 1, 2 * 16).view(2, 4, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.weights * x**3).sum((1, 2, 3))[:, None] + 0 * self.unused(x).mean((2, 3))


def cubic() -> Network:
    return Network(Cubic().double(), Preprocess(size=4))


IMAGES = torch.rand(2, 2, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize(
    "baseline", ["black", "mean", 0.3, "noise", "blur", torch.full((2, 4, 4), 0.7)], ids=["black", "mean", "number", "noise", "blur", "array"]
)
def test_closed_form(baseline: object) -> None:
    found = attribute(cubic(), IMAGES, "output:0", "integrated_gradients", baseline=baseline, steps=2, seed=4)
    weights = np.linspace(-1, 1, 32).reshape(2, 4, 4)
    base = {"black": 0.0, "mean": IMAGES.mean((2, 3), keepdim=True).numpy(), "number": 0.3}
    if isinstance(baseline, str) and baseline in base:
        np.testing.assert_allclose(found.values, weights * (IMAGES.numpy() ** 3 - base[baseline] ** 3), atol=1e-6)
    if isinstance(baseline, torch.Tensor):
        np.testing.assert_allclose(found.values, weights * (IMAGES.numpy() ** 3 - 0.7**3), atol=1e-6)
    np.testing.assert_allclose(found.delta, 0, atol=1e-6)  # two Gauss-Legendre nodes integrate a cubic's gradient exactly


def test_each_quadrature_converges_and_gauss_legendre_fastest() -> None:
    def misses(name: str, steps: int) -> float:
        return float(np.abs(attribute(cubic(), IMAGES, "output:0", "integrated_gradients", quadrature=name, steps=steps).delta).max())

    assert misses("riemann", 64) < 0.6 * misses("riemann", 32)  # first order
    assert misses("trapezoid", 65) < 0.3 * misses("trapezoid", 33)  # second order
    assert misses("gauss_legendre", 2) < 1e-6 < misses("trapezoid", 33) < misses("riemann", 32)
    for name in ("riemann", "trapezoid", "gauss_legendre"):
        nodes, weights = quadrature_of(name, 7)
        np.testing.assert_allclose([weights.sum(), nodes.min() >= 0, nodes.max() <= 1], [1, 1, 1])


def test_completeness_on_a_rectified_network() -> None:
    found = attribute(small(), photographs(), "head:2", "integrated_gradients", steps=128)
    base = small().run(torch.zeros(1, 3, 24, 24))[:, 2].detach().numpy()
    np.testing.assert_allclose(found.values.sum((1, 2, 3)), found.responses - base, rtol=0.02)


def test_the_neuron_is_fixed_along_the_path() -> None:
    found = attribute(small(), photographs(), "second#1:3", "integrated_gradients", steps=64)
    place = found.places[1]
    alone = attribute(small(), photographs()[1], f"second#1:3{place}", "integrated_gradients", steps=64)
    np.testing.assert_allclose(found.values[1], alone.values[0], atol=1e-5)


def test_inner_batches_hold_no_more_than_asked() -> None:
    seen: list[int] = []

    class Counting(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(len(x))
            return super().forward(x)

    module = Small()
    module.head = Counting(8, 4)
    net = small(module=module)
    net.sites()
    seen.clear()
    one = attribute(net, photographs(), "head:2", "integrated_gradients", steps=20, batch_size=7)
    assert max(seen) == 6  # three photographs at two steps
    assert sum(seen) >= 60
    np.testing.assert_allclose(one.values, attribute(net, photographs(), "head:2", "integrated_gradients", steps=20).values, atol=1e-6)


def test_hidden_units_as_source() -> None:
    net = small()
    found = attribute(net, photographs(), "head:2", "integrated_gradients", source="second#0", steps=32)
    assert found.values.shape[:2] == (3, 8)
    assert np.abs(found.delta).max() < 0.05 * np.abs(found.values.sum((1, 2, 3))).max()
    with pytest.raises(NotDefinedError, match="defined for photographs"):
        attribute(net, photographs(), "head:2", "integrated_gradients", source="second#0", baseline="blur")


def test_progress_is_told_and_can_stop_it() -> None:
    told: list[tuple[str, int, int]] = []
    attribute(small(), photographs(), "head:2", "integrated_gradients", steps=10, batch_size=4, progress=lambda *news: told.append(news))
    assert told[0] == ("integrated gradients", 0, 30)
    assert told[-1] == ("integrated gradients", 30, 30)

    def stop(stage: str, done: int, total: int) -> None:
        if done > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attribute(small(), photographs(), "head:2", "integrated_gradients", steps=10, batch_size=4, progress=stop)


@pytest.mark.usefixtures("unchecked")
def test_settings_that_cannot_be() -> None:
    net = small()
    with pytest.raises(SettingError, match="at least 1 steps; got 0"):
        attribute(net, photographs(), "head:2", "integrated_gradients", steps=0)
    with pytest.raises(SettingError, match="quadrature is one of"):
        attribute(net, photographs(), "head:2", "integrated_gradients", quadrature="simpson")
    with pytest.raises(SettingError, match='no baseline "blak".*Nearest: black'):
        attribute(net, photographs(), "head:2", "integrated_gradients", baseline="blak")
    with pytest.raises(InputError, match=r"\(3, 24, 24\)|\(3, 3, 24, 24\)"):
        attribute(net, photographs(), "head:2", "integrated_gradients", baseline=np.zeros((5, 5)))


@pytest.mark.parametrize(("quadrature", "theirs"), [("gauss_legendre", "gausslegendre"), ("riemann", "riemann_right")])
def test_agrees_with_captum(quadrature: str, theirs: str) -> None:
    attr = pytest.importorskip("captum.attr")
    module, images = Small().eval(), photographs()
    net = Network(module, Preprocess(size=24))
    ours = attribute(net, images, "head:2", "integrated_gradients", quadrature=quadrature, steps=16).values
    expected = attr.IntegratedGradients(module).attribute(images, target=2, n_steps=16, method=theirs).detach().numpy()
    assert np.abs(ours - expected).max() < 1e-4 * np.abs(expected).max()
