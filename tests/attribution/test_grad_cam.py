"""Grad-CAM: written out with NumPy, the class map of a network that ends in a mean, tokens, crops, and a peer beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.attribution._cam import to_photo
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import Small, photographs, small


def test_is_the_class_map_of_a_network_that_ends_in_a_mean() -> None:
    """Zhou 2016: there, weights of the head times the last maps; Grad-CAM is that, over the number of places."""

    class Means(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.head = nn.Conv2d(3, 6, 3, padding=1), nn.Linear(6, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(torch.relu(self.conv(x)).mean((2, 3)))

    net, images = Network(Means(), Preprocess(size=8)), photographs(2, 3, 8, 8)
    found = attribute(net, images, "head:1", "grad_cam", site="relu()#0")
    maps = torch.relu(net.module.conv(images))
    expected = torch.einsum("bkhw,k->bhw", maps, net.module.head.weight[1]).relu() / 64
    assert found.site == "relu()#0"
    for channel in range(3):
        np.testing.assert_allclose(found.values[:, channel], expected.detach().numpy(), atol=1e-7)


def test_the_default_site_is_the_last_with_extent_and_is_named() -> None:
    found = attribute(small(), photographs(), "head:2", "grad_cam")
    assert found.site == "second#1"
    assert "at second#1" in found.title()
    assert not found.signed


def test_enlarged_and_put_where_the_crop_was() -> None:
    cam = torch.zeros(1, 1, 2, 2)
    cam[0, 0, 0, 1] = 1.0
    whole = to_photo(Preprocess(size=8, crop=4), cam, (8, 12))
    assert whole.shape == (1, 1, 8, 12)
    inside = torch.nn.functional.interpolate(cam, size=(4, 4), mode="bilinear", align_corners=False)
    assert torch.equal(whole[:, :, 2:6, 4:8], inside)
    assert float(whole.sum()) == pytest.approx(float(inside.sum()))
    twice = to_photo(Preprocess(size=8, crop=4), cam, (16, 24))
    assert twice.shape == (1, 1, 16, 24)
    assert not twice[..., :3, :].any()
    assert np.unravel_index(int(twice[0, 0].argmax()), (16, 24))[1] >= 12


def test_what_an_uneven_crop_leaves_out_is_nought() -> None:
    """Three columns and five rows are cut off: as torchvision does, the odd one on the side that rounding to even says."""
    preprocess = Preprocess(crop=(4, 5))
    found = to_photo(preprocess, torch.ones(1, 1, 2, 2), (9, 8))[0, 0]
    top, left = preprocess.offset(9, 8)
    assert (top, left) == (2, 2)
    expected = torch.zeros(9, 8)
    expected[2:6, 2:7] = 1
    torch.testing.assert_close(found, expected)


class Tokens(nn.Module):
    """A transformer's skeleton: a class token beside patches, two blocks of attention, a head on the class token."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.q, self.k, self.v = nn.LayerNorm(8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.norm(x)
            return x + torch.softmax(self.q(y) @ self.k(y).transpose(1, 2), -1) @ self.v(y)

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patch = nn.Conv2d(3, 8, 4, stride=4)
        self.cls_token = nn.Parameter(torch.randn(1, 1, 8))
        self.blocks = nn.ModuleList([Tokens.Block(), Tokens.Block()])
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0])


def test_tokens_are_put_on_their_grid_and_a_site_that_feeds_the_target_is_found() -> None:
    """The last block's patches feed nothing, since the head reads the class token: the block before it does."""
    net, images = Network(Tokens(), Preprocess(size=(16, 24))), photographs(2, 3, 16, 24)
    found = attribute(net, images, "head:1", "grad_cam")
    assert found.site == "blocks.0"
    module = net.module
    raw = module.patch(images).flatten(2).transpose(1, 2)
    raw = module.blocks[0](torch.cat([module.cls_token.expand(2, -1, -1), raw], 1)).detach().requires_grad_()
    grad = torch.autograd.grad(module.head(module.blocks[1](raw)[:, 0])[:, 1].sum(), raw)[0]
    weights = grad[:, 1:].mean(1, keepdim=True)
    cam = (raw[:, 1:] * weights).sum(-1).relu().view(2, 1, 4, 6)
    expected = torch.nn.functional.interpolate(cam, size=(16, 24), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(found.values[:, :1], expected.detach().numpy(), atol=1e-5)


def test_refusals() -> None:
    net, images = small(), photographs()
    with pytest.raises(NotDefinedError, match="spatial extent; head has one place"):
        attribute(net, images, "output:2", "grad_cam", site="head")
    with pytest.raises(SettingError, match="computed after"):
        attribute(net, images, "first:2", "grad_cam", site="second#1")
    with pytest.raises(NotDefinedError, match="this network has none"):
        attribute(net, images, "first:2", "grad_cam")
    with pytest.raises(NotDefinedError, match="say site='cut'"):
        attribute(net, images, "head:2", "grad_cam", source="cut")


def test_agrees_with_captum() -> None:
    attr = pytest.importorskip("captum.attr")
    module, images = Small().eval(), photographs()
    net = Network(module, Preprocess(size=24))
    for site in ("norm", "cut"):  # norm is overwritten by the rectifier in place behind it
        ours = attribute(net, images, "head:2", "grad_cam", site=site).values[:, :1]
        theirs = attr.LayerGradCam(module, getattr(module, site)).attribute(images.clone(), target=2, relu_attributions=True).detach().numpy()
        assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()
