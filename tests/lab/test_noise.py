from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.images.preprocess import Preprocess
from optogram.lab._paths import Larger, all_paths, derivatives, written_out
from optogram.network.network import Network

Quick = Callable[[str], Any]


@pytest.mark.parametrize("pixels", [(0.8, 0.4), (0.3, 0.9)])
def test_the_hand_network_is_max_and_min_with_the_derivatives_written_out(pixels: tuple[float, float]) -> None:
    image = torch.tensor(pixels).expand(1, 3, 1, 2).clone().requires_grad_()
    answers = Larger()(image)
    assert answers[0].tolist() == pytest.approx([max(pixels), min(pixels)])
    for number, name in enumerate(("max", "min")):
        slope = torch.autograd.grad(answers[0, number], image, retain_graph=True)[0].sum(dim=(0, 1, 2))
        assert tuple(slope.tolist()) == pytest.approx(written_out(*pixels)[name]["gradient"], abs=1e-6)


@pytest.mark.parametrize("pixels", [(0.8, 0.4), (0.3, 0.9)])
def test_every_derivative_of_the_maximum_by_every_rule(pixels: tuple[float, float]) -> None:
    """At h1 and h2, at d and e, and at the pixels, as written out."""
    network = Network(Larger(), Preprocess(size=(1, 2)), name="hand")
    image = torch.tensor(pixels).expand(1, network.channels, 1, 2).contiguous()
    written = derivatives(*pixels)
    for rule, method in enumerate(("gradient", "guided_backprop")):
        for source, names in (("relu()#0", ("dh3/dh1", "dh3/dh2")), ("relu()#1", ("dh3/dd", "dh3/de")), ("input", ("dh3/dx1", "dh3/dx2"))):
            if (source, method) == ("relu()#1", "guided_backprop"):
                continue  # no rectifier lies between h3 and its parts
            found = np.asarray(attribute(network, image, "output:0", method, source=source, progress=False).values)
            slopes = found.sum(axis=(0, 1, 2)) if source == "input" else found.ravel()[:2]
            assert slopes.tolist() == pytest.approx([written[name][rule] for name in names], abs=1e-6)


def test_guided_backprop_and_positive_paths_are_wrong_about_the_lesser() -> None:
    written = written_out(0.8, 0.4)["min"]
    assert written["gradient"] == (0, 1)
    assert written["guided_backprop"] == written["positive_paths"] == (1, 0)


def test_all_paths_by_enumeration() -> None:
    """Every path of a small network, one by one: the signed sum is the gradient, the sum of magnitudes what `all_paths` gives."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    network = Network(module, Preprocess(size=(2, 2)), name="small")
    image = torch.rand(1, 3, 2, 2)
    first, second, third = (module[index].weight.detach() for index in (1, 3, 5))
    one = module[1](module[0](image))[0]
    two = module[3](torch.relu(one))
    signed, whole = torch.zeros(12), torch.zeros(12)
    for pixel, unit, other in product(range(12), range(5), range(4)):
        path = first[unit, pixel] * second[other, unit] * third[1, other] * (one[unit] > 0) * (two[other] > 0)
        signed[pixel] += path
        whole[pixel] += path.abs()
    for method, expected in (("gradient", signed), (all_paths, whole)):
        found = np.asarray(attribute(network, image, "output:1", method, progress=False).values)
        np.testing.assert_allclose(found.ravel(), expected.detach().numpy(), atol=1e-6)
    assert float(signed.abs().sum()) < float(whole.sum())


class TestQuick:
    def test_by_hand(self, quick: Quick) -> None:
        assert quick("noise").result["hand"] < 1e-6

    def test_cancellation_is_a_share(self, quick: Quick) -> None:
        found = quick("noise").result
        assert found.cancellation.min() >= 0
        assert found.cancellation.max() <= 1 + 1e-5
        assert 0 < found["left_at_pixels"] < 0.3

    def test_more_cancels_the_farther_from_the_class(self, quick: Quick) -> None:
        found = quick("noise").result
        assert found.layers[0] < found.layers[-1]
        assert found["left_at_pixels"] < found.layers[-1]

    def test_positive_paths_are_positive_and_guided_is_not_the_gradient(self, quick: Quick) -> None:
        maps = quick("noise").result.maps
        assert maps[3].min() >= 0
        assert not np.allclose(maps[0], maps[2])
