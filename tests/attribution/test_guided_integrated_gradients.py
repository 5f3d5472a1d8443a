"""Guided integrated gradients beside the paper's algorithm written out pixel by pixel; completeness; what its path avoids."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.attribution.oracle import PIXELS, SIDE, chain
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.errors import SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small

IMAGE = np.random.default_rng(3).random((1, SIDE, SIDE))


def written_out(net: Network, image: np.ndarray, unit: int, steps: int, fraction: float, anchors: int) -> tuple[np.ndarray, int]:
    """The paper's algorithm between each two anchors, one number at a time; also how many pixels stood still in some step."""

    def gradient(point: list[float]) -> list[float]:
        leaf = torch.tensor(point, dtype=torch.double).view(1, 1, SIDE, SIDE).requires_grad_()
        net.module.eval()(leaf)[0, unit].backward()
        return leaf.grad.flatten().tolist()

    goal, per = image.ravel().tolist(), steps // (anchors + 1)
    here, total, still = [0.0] * PIXELS, [0.0] * PIXELS, 0
    for anchor in range(anchors + 1):
        begin, end = [g * anchor / (anchors + 1) for g in goal], [g * (anchor + 1) / (anchors + 1) for g in goal]
        whole = sum(abs(e - b) for b, e in zip(begin, end, strict=True))
        for step in range(1, per + 1):
            before, slopes = list(here), gradient(here)
            sizes = [abs(slope) for slope in slopes]
            while True:
                sizes = [np.inf if abs(here[i] - end[i]) < 1e-15 else sizes[i] for i in range(PIXELS)]
                current, target = sum(abs(e - h) for h, e in zip(here, end, strict=True)), whole * (1 - step / per)
                if current - target < 1e-13:
                    break
                threshold = sorted(sizes)[max(1, int(fraction * PIXELS)) - 1]
                chosen = [i for i in range(PIXELS) if sizes[i] <= threshold and sizes[i] < np.inf] or [i for i in range(PIXELS) if sizes[i] < np.inf]
                share = (current - target) / sum(abs(end[i] - here[i]) for i in chosen)
                for i in chosen:
                    here[i] += min(share, 1.0) * (end[i] - here[i])
            beyond = gradient(here)
            still += sum(h == b for h, b in zip(here, before, strict=True))
            total = [t + (h - b) * (one + two) / 2 for t, h, b, one, two in zip(total, here, before, slopes, beyond, strict=True)]
    return np.reshape(total, image.shape), still


@pytest.mark.parametrize(("steps", "fraction", "anchors"), [(12, 0.1, 0), (12, 0.3, 2), (10, 0.5, 4)])
def test_against_the_algorithm_of_the_paper(steps: int, fraction: float, anchors: int) -> None:
    net = chain(torch.tanh)
    expected, still = written_out(net, IMAGE, 1, steps, fraction, anchors)
    assert still > PIXELS  # it is no straight line
    settings = {"steps": steps, "fraction": fraction, "anchors": anchors, "progress": False}
    found = attribute(net, IMAGE, "c:1", "guided_integrated_gradients", **settings)
    np.testing.assert_allclose(found.values[0], expected, atol=1e-6 * np.abs(expected).max())


def test_as_many_anchors_as_steps_make_the_path_straight() -> None:
    net, images = small(), photographs(2)
    straight = attribute(net, images, "head:2", "guided_integrated_gradients", steps=8, anchors=8, progress=False)
    plain = attribute(net, images, "head:2", "integrated_gradients", quadrature="trapezoid", steps=9, progress=False)
    np.testing.assert_allclose(straight.values, plain.values, atol=1e-6 * np.abs(plain.values).max())
    bent = attribute(net, images, "head:2", "guided_integrated_gradients", steps=8, anchors=1, progress=False)
    assert np.abs(bent.values - plain.values).max() > 0.01 * np.abs(plain.values).max()


def test_complete_and_the_more_so_the_finer() -> None:
    net = chain(torch.tanh)
    with torch.no_grad():
        net.module.a.weight *= 8
    settings = {"anchors": 7, "progress": False}
    coarse, fine = (attribute(net, IMAGE, "c:0", "guided_integrated_gradients", steps=steps, **settings) for steps in (16, 128))
    assert abs(fine.delta[0]) < 0.1 * abs(coarse.delta[0])
    assert abs(fine.delta[0]) < 1e-3 * abs(fine.responses[0] - float(net.run(torch.zeros(1, 1, SIDE, SIDE, dtype=torch.double))[0, 0]))


class Bump(nn.Module):
    """f = x0 + 5 sin(9 x1): on a straight line the second pixel's slope goes up and down; the path moves it when its slope is small."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Conv2d(1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, 0, 0] + 5 * torch.sin(9 * x[:, :, 0, 1]) + 0 * self.unused(x).mean((2, 3))


def test_of_separate_pixels_every_path_gives_the_same() -> None:
    """Where pixels do not interact there is nothing to choose: each takes what it adds."""
    image = torch.tensor([[[[0.8, 0.6], [0.5, 0.1]]]], dtype=torch.double)
    net = Network(Bump().double(), Preprocess(size=2))
    found = attribute(net, image, "output:0", "guided_integrated_gradients", steps=400, anchors=0, progress=False).values[0, 0]
    np.testing.assert_allclose(found, [[0.8, 5 * np.sin(5.4)], [0, 0]], atol=5e-3)


def test_hidden_units_and_settings_that_cannot_be() -> None:
    net, images = small(), photographs(2)
    found = attribute(net, images, "head:2", "guided_integrated_gradients", source="second#0", steps=16, progress=False)
    assert found.values.shape[:2] == (2, 8)
    assert np.abs(found.delta).max() < 0.05 * np.abs(found.values.sum((1, 2, 3))).max()
    for wrong in ({"steps": 0}, {"fraction": 0.0}, {"fraction": 1.5}, {"anchors": -1}):
        with pytest.raises(SettingError, match="steps are at least 1, anchors at least 0, fraction over 0"):
            attribute(net, images, "head:2", "guided_integrated_gradients", **wrong)
