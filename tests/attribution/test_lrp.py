"""LRP against matrices that know relevances only: every rule, in place or not, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution import layered as oracle
from tests.attribution.layered import SIDE, layered, shared_out
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.attribution.lrp import COMPOSITES
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small

IMAGE = np.random.default_rng(1).random((2, SIDE, SIDE))
RULES = {
    "epsilon": (oracle.epsilon, oracle.epsilon, oracle.epsilon),
    "zplus": (oracle.zplus, oracle.zplus, oracle.zplus),
    "alpha1_beta0": (oracle.zplus, oracle.zplus, oracle.zplus),
    "alpha2_beta1": (oracle.alpha2_beta1, oracle.alpha2_beta1, oracle.alpha2_beta1),
    "gamma": (oracle.gamma, oracle.gamma, oracle.gamma),
    "epsilon_plus": (oracle.zplus, oracle.zplus, oracle.epsilon),
    "epsilon_plus_box": (oracle.box, oracle.zplus, oracle.epsilon),
    "epsilon_gamma_box": (oracle.box, oracle.gamma, oracle.epsilon),
    "epsilon_alpha2_beta1": (oracle.alpha2_beta1, oracle.alpha2_beta1, oracle.epsilon),
}


def close(found: np.ndarray, expected: np.ndarray, within: float = 1e-5) -> None:
    assert np.abs(found - expected).max() < within * np.abs(expected).max()


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("composite", RULES)
def test_every_composite_against_the_matrices(composite: str, inplace: bool) -> None:
    net = layered(inplace)
    for unit in range(3):
        found = attribute(net, IMAGE, f"head:{unit}", "lrp", composite=composite, epsilon=1e-12, progress=False)
        close(found.values[0], shared_out(net, IMAGE, unit, *RULES[composite]))


def test_the_composites_differ() -> None:
    maps = [attribute(layered(), IMAGE, "head:1", "lrp", composite=name).values for name in RULES if name != "alpha1_beta0"]
    for number, one in enumerate(maps):
        for other in maps[:number]:
            assert np.abs(one - other).max() > 1e-2 * np.abs(one).max()


def test_rules_of_the_first_layer() -> None:
    net = layered()
    found = attribute(net, IMAGE, "head:1", "lrp", composite="epsilon_plus", first="w2", epsilon=1e-12).values[0]
    close(found, shared_out(net, IMAGE, 1, oracle.w2, oracle.zplus, oracle.epsilon))
    same = attribute(net, IMAGE, "head:1", "lrp", composite="epsilon_plus", first="epsilon", epsilon=1e-12).values[0]
    close(same, shared_out(net, IMAGE, 1, oracle.epsilon, oracle.zplus, oracle.epsilon))

    def flat(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
        return oracle.w2(a, (np.abs(w) > 0).astype(float), b, r)

    found = attribute(net, IMAGE, "head:1", "lrp", composite="epsilon_plus_flat", epsilon=1e-12).values[0]
    close(found, shared_out(net, IMAGE, 1, flat, oracle.zplus, oracle.epsilon))
    found = attribute(net, IMAGE, "head:1", "lrp", composite="epsilon_alpha2_beta1_flat", epsilon=1e-12).values[0]
    close(found, shared_out(net, IMAGE, 1, flat, oracle.alpha2_beta1, oracle.epsilon))
    assert {*RULES, "epsilon_plus_flat", "epsilon_alpha2_beta1_flat"} == {*COMPOSITES}, "a composite without matrices beside it"


def test_a_large_epsilon_absorbs_and_is_told() -> None:
    net = layered()
    small_one, large = (attribute(net, IMAGE, "head:1", "lrp", composite="epsilon", biases=False, epsilon=eps) for eps in (1e-9, 1.0))
    assert small_one.notes == ("biases and stabilisers absorb 0 % of the response",)
    assert "absorb" in large.notes[0]
    assert abs(large.values.sum()) < 0.9 * abs(large.responses[0])

    def kept_off(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
        z = w @ a + b
        return ((w * a) / (z + np.where(z < 0, -0.25, 0.25))[:, None] * r[:, None]).sum(0)

    for unit in range(3):
        found = attribute(net, IMAGE, f"head:{unit}", "lrp", composite="epsilon", epsilon=0.25).values[0]
        close(found, shared_out(net, IMAGE, unit, kept_off, kept_off, kept_off))


def test_gamma_is_how_much_more_what_helps_counts() -> None:
    """Nought is epsilon; much is z+ where the output is positive, and its mirror image where it is negative."""
    net = layered()

    def mostly(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
        sides = np.where(w @ a + b > 0, 1.0, -1.0)
        return oracle.zplus(a, w * sides[:, None], b * sides, r)

    found = [attribute(net, IMAGE, "head:1", "lrp", composite="gamma", gamma=gamma, epsilon=1e-12).values[0] for gamma in (0.0, 1e9)]
    close(found[0], shared_out(net, IMAGE, 1, oracle.epsilon, oracle.epsilon, oracle.epsilon))
    close(found[1], shared_out(net, IMAGE, 1, mostly, mostly, mostly), 1e-4)


def test_without_biases_nothing_is_lost() -> None:
    """Every rule hands on all of the response; the note says so."""
    net = layered()
    for composite in ("epsilon", "gamma", "epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"):
        found = attribute(net, IMAGE, "head:2", "lrp", composite=composite, biases=False, epsilon=1e-12)
        assert found.values.sum() == pytest.approx(found.responses[0], rel=1e-4)
        assert found.notes == ("biases and stabilisers absorb 0 % of the response",)


def test_a_crop_and_a_resize_lose_nothing_of_what_the_network_sees() -> None:
    net = layered()
    cropped = Network(net.module, Preprocess(size=12, crop=SIDE, mean=0.4, std=0.3))
    image = np.random.default_rng(2).random((2, 24, 30))
    found = attribute(cropped, image, "head:2", "lrp", biases=False, composite="epsilon", epsilon=1e-12)
    assert found.values.shape == (1, 2, 24, 30)
    assert found.values.sum() == pytest.approx(found.responses[0], rel=1e-4)
    assert not found.values[..., :4].any()


def test_of_hidden_units_the_same_rules_without_a_first_layer() -> None:
    net = layered()
    found = attribute(net, IMAGE, "head:1", "lrp", source="norm1", composite="epsilon_plus_box", epsilon=1e-12)
    assert found.values.shape == (1, 4, SIDE, SIDE)
    pixels = attribute(net, IMAGE, "head:1", "lrp", composite="epsilon_plus", epsilon=1e-12)
    total = found.values.sum()
    behind = attribute(net, IMAGE, "head:1", "lrp", source="relu#0", composite="epsilon_plus", epsilon=1e-12)
    assert total == pytest.approx(behind.values.sum(), rel=1e-5)
    assert total != pytest.approx(pixels.values.sum(), rel=1e-2)


class Odd(nn.Module):
    """A convolution, the operation under test, a head."""

    def __init__(self, operation: object) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.head, self.operation = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 4), operation

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.operation(self.conv(x)).mean((2, 3)))


def tangent(x: Tensor) -> Tensor:
    return torch.tanh(x)


SCRIPTED = torch.jit.script(tangent)


def odd(operation: object) -> Network:
    return Network(Odd(operation), Preprocess(size=8, mean=0.4, std=0.3))


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (torch.sigmoid, "sigmoid in the network .Odd."),
        (nn.Sigmoid(), "sigmoid in operation .Sigmoid."),
        (nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh(), nn.Tanh())), r"tanh in operation.1.0 .Tanh. and 1 more"),
        (lambda x: x.square(), "pow"),
        (lambda x: x.mul_(x), "a product of two activations in the network .Odd."),
        (lambda x: torch.einsum("bchw,cd->bdhw", x, torch.ones(8, 8)), "bmm"),
        (lambda x: x / (1 + x.abs()), "abs in the network .Odd., div"),
        (F.softplus, "softplus"),
        (lambda x: SCRIPTED(x), "(tanh|compiled).* in the network"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(operation: object, named: str) -> None:
    with pytest.raises(NotDefinedError, match=rf"lrp has no rule for .*({named}).* Use integrated_gradients"):
        attribute(odd(operation), photographs(1, 3, 8, 8), "head:1", "lrp")


@pytest.mark.parametrize("operation", [F.gelu, F.silu, F.hardswish, F.relu6, nn.ReLU6(inplace=True), nn.ELU(inplace=True), nn.Hardtanh(0, 1)])
def test_activations_hand_on_all_they_get(operation: object) -> None:
    """One input, one output: with epsilon, without biases, nothing is lost on the way."""
    net = odd(operation)
    with torch.no_grad():
        net.module.conv.weight *= 30
    found = attribute(net, photographs(2, 3, 8, 8), "head:1", "lrp", composite="epsilon", biases=False, epsilon=1e-9)
    np.testing.assert_allclose(found.values.sum((1, 2, 3)), found.responses, rtol=1e-3)


@pytest.mark.parametrize("composite", ["epsilon", "gamma", "epsilon_alpha2_beta1"])
def test_what_a_layer_gave_is_known_where_the_network_writes_over_it(composite: str) -> None:
    """A sum in place; what is written through a part of it hides what is done there, and is refused."""

    def through_a_part(x: Tensor) -> Tensor:
        x[:, :4].add_(0.5)
        return x

    images = photographs(2, 3, 8, 8)
    expected = attribute(odd(lambda x: x + 0.5), images, "head:1", "lrp", composite=composite).values
    close(attribute(odd(lambda x: x.add_(0.5)), images, "head:1", "lrp", composite=composite).values, expected)
    with pytest.raises(NotDefinedError, match="copy slices"):
        attribute(odd(through_a_part), images, "head:1", "lrp", composite=composite)


def test_of_a_gated_product_the_signal_takes_all() -> None:
    def gated(x: Tensor) -> Tensor:
        return x * torch.sigmoid(x.mean((2, 3), keepdim=True))

    found = attribute(odd(gated), photographs(2, 3, 8, 8), "head:1", "lrp", composite="epsilon", biases=False)
    np.testing.assert_allclose(found.values.sum((1, 2, 3)), found.responses, rtol=1e-3)


@pytest.mark.usefixtures("unchecked")
def test_settings_that_cannot_be() -> None:
    net, images = small(), photographs(1)
    with pytest.raises(SettingError, match="epsilon_plus"):
        attribute(net, images, "head:1", "lrp", composite="epsilon_pluss")
    with pytest.raises(SettingError, match="of the first layer"):
        attribute(net, images, "head:1", "lrp", first="bax")
    with pytest.raises(SettingError, match="0 or more"):
        attribute(net, images, "head:1", "lrp", epsilon=-1.0)
