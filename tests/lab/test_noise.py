from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.errors import SettingError
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess
from optogram.lab._cancellation import inside
from optogram.lab._paths import Larger, all_paths, derivatives, written_out
from optogram.lab.noise import noise
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


SIDE = 16
RIGHT, LEFT = (0.25, 0.5, 0.75, 1.0), (0.25, 0.0, 0.75, 0.5)


class Planted(nn.Module):
    """Paths cancel off the thing and not on it: at each pixel h1 = h2 = the pixel, g1 = h1 + h2, g2 = h1 - h2 / 2, and the answer adds g1 everywhere
    and takes away 3/2 g2 off the thing.

    So off it the derivative by h1 is -1/2 of paths of 5/2, by h2 7/4 of 7/4: of a pixel 5/17 is left, of h 9/17; on it all, and of g all everywhere.
    """

    def __init__(self, box: tuple[float, float, float, float], strength: float = 1.5) -> None:
        super().__init__()
        self.h, self.g = nn.Conv2d(3, 2, 1, bias=False), nn.Conv2d(2, 2, 1, bias=False)
        self.relu_h, self.relu_g = nn.ReLU(), nn.ReLU()
        self.answer = nn.Linear(2 * SIDE * SIDE, 2, bias=False)
        with torch.no_grad():
            self.h.weight[:] = 1 / 3
            self.g.weight[:] = torch.tensor([[1.0, 1], [1, -0.5]])[:, :, None, None]
            off = -strength * torch.from_numpy(~inside(box, (SIDE, SIDE))).float()
            self.answer.weight[:] = torch.stack([torch.ones(SIDE, SIDE), off]).flatten()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.answer(self.relu_g(self.g(self.relu_h(self.h(images)))).flatten(1))
        return answers


@pytest.mark.parametrize(("planted", "asked"), [(RIGHT, RIGHT), (LEFT, LEFT), (LEFT, RIGHT)])
def test_what_cancels_off_a_planted_thing_is_told_layer_by_layer(
    planted: tuple[float, float, float, float], asked: tuple[float, float, float, float]
) -> None:
    """With the planted box everything is left in it, and 5/17, 9/17 and all elsewhere; with a box beside it what is off the thing is left inside."""
    photos = open_images(np.random.default_rng(0).integers(60, 255, (3, SIDE, SIDE, 3), dtype=np.uint8))
    network = Network(Planted(planted).eval(), Preprocess(size=SIDE), name="planted")
    found = noise(photos, network=network, count=3, samples=2, box=asked, progress=False)
    off = {"pixels": 5 / 17, "h": 9 / 17, "relu_h": 9 / 17, "g": 1.0, "relu_g": 1.0}
    assert set(found.sites) <= set(off)
    assert len(found.sites) >= 2
    for site in found.sites:
        entry = found.finding(f"on_object_at_{site}")
        row = found.sites.index(site)
        if planted == asked:
            assert entry.value == pytest.approx(1, abs=1e-4)
            assert entry.control == pytest.approx(off[site], abs=1e-4)
            np.testing.assert_allclose(found.layers_off[row], off[site], atol=1e-4)
        else:
            assert entry.value == pytest.approx(off[site], abs=1e-4)
            assert entry.control > off[site] or off[site] == 1
    pixels = found.finding("left_on_object")
    assert pixels.value == pytest.approx(1 if planted == asked else off["pixels"], abs=1e-4)
    assert pixels.control == pytest.approx(off["pixels"], abs=1e-4) if planted == asked else pixels.control > pixels.value


def test_where_nothing_cancels_a_thing_is_nowhere() -> None:
    photos = open_images(np.full((2, SIDE, SIDE, 3), 128, np.uint8))
    network = Network(Planted(RIGHT, strength=0.0).eval(), Preprocess(size=SIDE), name="planted")
    found = noise(photos, network=network, count=2, samples=2, box=RIGHT, progress=False)
    assert found.cancellation == pytest.approx(np.ones_like(found.cancellation), abs=1e-4)
    np.testing.assert_allclose([found.layers_on, found.layers_off], 1, atol=1e-4)


def test_cells_in_a_box_by_hand() -> None:
    assert np.argwhere(inside(RIGHT, (4, 4))).tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]
    assert not inside((0.3, 0.3, 0.4, 0.4), (2, 2)).any()


@pytest.mark.parametrize("box", [(0.1, 0.2, 0.9), (0.5, 0.0, 0.5, 1.0), (0.0, 0.0, 1.0, 2.0)])
def test_what_is_no_box_is_refused(box: tuple[float, ...]) -> None:
    with pytest.raises(SettingError, match="a box is top, left, bottom, right"):
        noise(box=box, quick=True, progress=False)


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

    def test_in_a_shuffled_twin_more_cancels_where_paths_are_many(self, quick: Quick) -> None:
        """Weights that agree with each other are what paths survive by."""
        found = quick("noise").result
        assert (found.layers_twin[:-1] < 0.7 * found.layers[:-1]).all()
        for row, site in enumerate(found.sites):
            entry = found.finding(f"left_at_{site}")
            assert (entry.value, entry.control) == pytest.approx((found.layers[row], found.layers_twin[row]))

    def test_positive_paths_are_positive_and_guided_is_not_the_gradient(self, quick: Quick) -> None:
        maps = quick("noise").result.maps
        assert maps[3].min() >= 0
        assert not np.allclose(maps[0], maps[2])

    def test_each_layer_is_told_on_the_object_and_off_it(self, quick: Quick) -> None:
        found = quick("noise").result
        for row, site in enumerate(found.sites):
            entry = found.finding(f"on_object_at_{site}")
            told = np.isfinite(found.layers_on[row] + found.layers_off[row])  # at the last grid one box holds every cell
            assert told.sum() >= 3
            assert entry.value == pytest.approx(found.layers_on[row, told].mean())
            assert entry.control == pytest.approx(found.layers_off[row, told].mean())
            low, high = sorted((entry.value, entry.control))
            assert low - 0.15 <= found.layers[row] <= high + 0.15, "the whole lies about between its parts"
        assert found.layers_on[-1] == pytest.approx(np.ones(4))
        assert (found.layers_on[0] < 0.2).all()
