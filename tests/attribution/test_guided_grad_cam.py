"""Guided Grad-CAM is the product of its two maps, and agrees with captum where that is right."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from tests.attribution.cams import IMAGES, SITE, refuses
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import small


def test_is_the_product_of_its_parts() -> None:
    net = small()
    found = attribute(net, IMAGES, "head:2", "guided_grad_cam", site=SITE)
    fine = attribute(net, IMAGES, "head:2", "guided_backprop").values
    np.testing.assert_allclose(found.values, fine * attribute(net, IMAGES, "head:2", "grad_cam", site=SITE).values, rtol=1e-5)
    assert found.signed
    assert found.per_channel
    assert found.site == SITE


class Plain(nn.Module):
    """Rectifiers as captum needs them: modules of the class ReLU, each used once."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.first, self.two, self.second = nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3, stride=2), nn.ReLU()
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.second(self.two(self.first(self.one(x)))).mean((2, 3)))


def test_agrees_with_captum() -> None:
    attr = pytest.importorskip("captum.attr")
    module = Plain().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = attr.GuidedGradCam(module, module.two).attribute(IMAGES.clone().requires_grad_(), target=1, interpolate_mode="bilinear")
    found = attribute(Network(module, Preprocess(size=24)), IMAGES, "last:1", "guided_grad_cam", site="two").values
    expected = theirs.detach().numpy()
    assert expected.any()
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_smooth_rectifiers_are_refused_unless_asked() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    net = Network(module, Preprocess(size=24))
    with pytest.raises(NotDefinedError, match="guided_grad_cam is defined for rectifiers"):
        attribute(net, IMAGES, "4:1", "guided_grad_cam")
    assert attribute(net, IMAGES, "4:1", "guided_grad_cam", rule="generalised").generalised


def test_refusals() -> None:
    refuses("guided_grad_cam")
