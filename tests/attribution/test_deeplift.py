"""DeepLIFT against the matrices and captum, complete on norms, skips and overlapping pools, and what it refuses."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution.layered import SIDE as WIDTH
from tests.attribution.layered import layered
from tests.attribution.oracle import SIDE, chain
from tests.attribution.test_lrp import odd
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.attribution.deeplift import quotient
from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs

IMAGE = np.random.default_rng(0).random((1, SIDE, SIDE))


@pytest.mark.parametrize("rectifier", [F.relu, nn.ReLU(inplace=True), torch.tanh, F.gelu, torch.sigmoid])
def test_against_the_matrices(rectifier: object) -> None:
    net = chain(rectifier)
    weights = {name: value.detach().numpy() for name, value in net.module.named_parameters()}
    plain = {"ReLU": F.relu}.get(type(rectifier).__name__, rectifier)

    def curve(z: np.ndarray) -> np.ndarray:
        return plain(torch.from_numpy(z.copy())).numpy()

    zs = []
    for pixels in (IMAGE.ravel(), np.full(SIDE * SIDE, 0.3)):
        first = weights["a.weight"] @ pixels + weights["a.bias"]
        zs.append((first, weights["b.weight"] @ curve(first) + weights["b.bias"]))
    back = weights["c.weight"][2]
    for layer, weight in ((1, "b.weight"), (0, "a.weight")):
        back = back * (curve(zs[0][layer]) - curve(zs[1][layer])) / (zs[0][layer] - zs[1][layer]) @ weights[weight]
    found = attribute(net, IMAGE, "c:2", "deeplift", baseline=0.3)
    np.testing.assert_allclose(found.values[0].ravel(), back * (IMAGE.ravel() - 0.3), rtol=1e-4, atol=1e-8)


class Pools(nn.Module):
    """Overlapping max pools, which scatter one winner into several windows."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two, self.head = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 5, 3), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.one(x)), 3, stride=1)
        return self.head(F.adaptive_max_pool2d(self.two(x), 1).flatten(1))


@pytest.mark.parametrize("baseline", ["black", "blur", "noise", 0.7])
def test_nothing_is_missed(baseline: object) -> None:
    images = photographs(2, 3, 12, 12)
    found = attribute(Network(Pools().double(), Preprocess(size=12)), images, "head:1", "deeplift", baseline=baseline)
    assert np.abs(found.delta).max() < 1e-5 * np.abs(found.responses).max()
    image = np.random.default_rng(1).random((2, WIDTH, WIDTH))
    found = attribute(layered(), image, "head:1", "deeplift", baseline=baseline)
    assert abs(found.delta[0]) < 1e-5 * abs(found.responses[0])


def test_of_hidden_units() -> None:
    image = np.random.default_rng(1).random((2, WIDTH, WIDTH))
    found = attribute(layered(), image, "head:1", "deeplift", source="norm1")
    assert found.values.shape == (1, 4, WIDTH, WIDTH)
    assert abs(found.delta[0]) < 1e-5 * abs(found.responses[0])


class Plain(nn.Module):
    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.first, self.pool = nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), pool
        self.two, self.second, self.last = nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.second(self.two(self.pool(self.first(self.one(x))))).mean((2, 3)))


def beside_captum(pool: nn.Module) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Our map and delta, captum's map and delta."""
    attr = pytest.importorskip("captum.attr")
    module, images = Plain(pool).double().eval(), photographs(3, 3, 12, 12).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, delta = attr.DeepLift(module).attribute(
            images.clone(), baselines=torch.full_like(images, 0.2), target=1, return_convergence_delta=True
        )
    found = attribute(Network(module, Preprocess(size=12)), images, "last:1", "deeplift", baseline=0.2)
    return found.values, found.delta, theirs.detach().numpy(), delta.detach().numpy()


def test_agrees_with_captum() -> None:
    values, _, theirs, _ = beside_captum(nn.AvgPool2d(2))
    assert np.abs(values - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_where_captum_misses_a_part_behind_max_pooling() -> None:
    """Its own delta says so: several per cent of the response; here nothing is missed."""
    _, delta, _, missed = beside_captum(nn.MaxPool2d(2))
    assert np.abs(missed).min() > 1e-3
    assert np.abs(delta).max() < 1e-9


@pytest.mark.parametrize(
    ("operation", "named"),
    [(lambda x: x * x, "a product of two activations"), (lambda x: F.softmax(x, 1), "softmax"), (nn.GroupNorm(2, 8), "native group norm")],
)
def test_what_has_no_rule_is_refused_by_name(operation: object, named: str) -> None:
    with pytest.raises(NotDefinedError, match=f"deeplift has no rule for .*{named}.* Use integrated_gradients"):
        attribute(odd(operation), photographs(1, 3, 8, 8), "head:1", "deeplift")


def test_of_differences_that_are_rounding_the_local_slope_is_taken() -> None:
    """Inputs 3 and the next number of single precision: their tanh differ by the rounding's whim, their slope does not."""
    baseline = torch.full((1, 4), 3.0)
    photograph = torch.nextafter(baseline, torch.tensor(9.0))
    found = quotient(torch.cat([photograph, baseline]), torch.tanh)
    torch.testing.assert_close(found, torch.cat([1 - baseline.double().tanh().square(), torch.zeros(1, 4)]).float(), rtol=1e-4, atol=0)


class Cancelling(nn.Module):
    """The difference of two channels, its greatest value in squares of 2 x 2, weighed."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.head = nn.Conv2d(2, 1, 1, bias=False), nn.Linear(4, 1, bias=False)
        with torch.no_grad():
            self.mix.weight.copy_(torch.tensor([1.0, -1.0]).view(1, 2, 1, 1))
            self.head.weight.copy_(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.max_pool2d(self.mix(x), 2).flatten(1))


def test_behind_what_cancels_a_pool_hands_down_its_gradient() -> None:
    """Both channels rise alike, so what is pooled is the same, or differs by rounding: the winner takes what its channels bring, which cancels."""
    generator = torch.Generator().manual_seed(2)
    base, more = torch.rand(1, 2, 4, 4, generator=generator) / 4, torch.rand(1, 1, 4, 4, generator=generator) / 2
    images = base + more
    mixed = (images[:, 0] - images[:, 1])[0]
    winners = F.max_pool2d(mixed[None, None], 2).repeat_interleave(2, 2).repeat_interleave(2, 3)[0, 0] == mixed
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).repeat_interleave(2, 0).repeat_interleave(2, 1)
    expected = more[0, 0] * weights * winners
    found = attribute(Network(Cancelling(), Preprocess(size=4)), images, "head:0", "deeplift", baseline=base[0]).values[0]
    np.testing.assert_allclose(found[0], expected.numpy(), atol=1e-5)
    np.testing.assert_allclose(found[1], -expected.numpy(), atol=1e-5)
