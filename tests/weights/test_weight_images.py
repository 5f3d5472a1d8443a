"""Weight images: response = sum(values * pixels) + bias, checked against the network itself."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.weights.order import colourfulness, sensible_order, spectral_peak
from optogram.weights.weight_images import pictures_of, weight_images

NORMALISED = Preprocess(size=15, mean=(0.4, 0.5, 0.3), std=(0.2, 0.25, 0.3))


def stem(negative: bool = False) -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 6, 7, stride=2), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3))
    norm = net[1]
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        norm.running_mean.copy_(torch.randn(6))  # type: ignore[union-attr]
        norm.running_var.copy_(torch.rand(6) + 0.5)  # type: ignore[union-attr]
        norm.weight.copy_(torch.randn(6))
        norm.bias.copy_(torch.randn(6))
    return net


@pytest.mark.parametrize("site", ["0", "1"])
def test_a_response_is_the_product_with_the_weight_image(site: str) -> None:
    net = Network(stem(), NORMALISED)
    images = torch.rand(2, 3, 15, 15)
    weights = weight_images(net, site)
    patch = images[:, :, 4:11, 2:9].numpy()
    expected = np.einsum("bchw,uchw->bu", patch, weights.values) + weights.bias
    assert np.allclose(net.read(site, images)[:, :, 2, 1].numpy(), expected, atol=1e-4)


def test_templates_of_a_linear_classifier_on_pixels() -> None:
    net = Network(nn.Sequential(nn.Flatten(), nn.Linear(3 * 15 * 15, 4)), NORMALISED, labels=["cat", "dog", "car", "cup"])
    images = torch.rand(2, 3, 15, 15)
    weights = weight_images(net, "1")
    assert weights.values.shape == (4, 3, 15, 15)
    assert weights.names == ("cat", "dog", "car", "cup")
    expected = np.einsum("bchw,uchw->bu", images.numpy(), weights.values) + weights.bias
    assert np.allclose(net.run(images).numpy(), expected, atol=1e-4)


def test_deeper_layers_are_refused_with_what_to_type_instead() -> None:
    with pytest.raises(NotDefinedError, match=r"6 units of the layer before it, not pixels.*og\.synthesize"):
        weight_images(Network(stem(), NORMALISED), "3")
    with pytest.raises(NotDefinedError, match="no weights of its own"):
        weight_images(Network(stem(), NORMALISED), "2")


def test_a_scaling_of_the_networks_own_is_part_of_the_image() -> None:
    """As GoogLeNet's and Inception's `transform_input`."""

    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x * torch.tensor([0.5, 2.0, -1.0]).view(1, 3, 1, 1) + 0.3)

    net = Network(Scaled(), NORMALISED)
    images = torch.rand(2, 3, 15, 15)
    weights = weight_images(net, "conv")
    expected = np.einsum("bchw,uchw->bu", images[:, :, 3:8, 1:6].numpy(), weights.values) + weights.bias
    assert np.allclose(net.read("conv", images)[:, :, 3, 1].numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("before", [nn.Conv2d(3, 3, 1), nn.Sigmoid(), nn.ReLU(), nn.BatchNorm2d(3)])
def test_what_only_has_the_images_shape_is_no_image(before: nn.Module) -> None:
    net = Network(nn.Sequential(before, nn.Conv2d(3, 4, 3)).eval(), NORMALISED)
    if isinstance(before, nn.BatchNorm2d):
        assert len(weight_images(net, "1").units) == 4, "a scale and a shift a channel leave pixels what they are"
        return
    with pytest.raises(NotDefinedError, match="are no image"):
        weight_images(net, "1")


def test_pictures_put_zero_at_middle_gray_and_share_a_scale_when_asked() -> None:
    module = stem()
    with torch.no_grad():
        module[0].weight[0] *= 10  # type: ignore[index]
        module[0].weight[1] = 0  # type: ignore[index]
    weights = weight_images(Network(module, NORMALISED), "0")
    each, shared = weights.images("each"), weights.images("shared")
    assert weights.empty == (1,)
    assert np.allclose(each[1], 0.5)
    assert np.abs(each[2] - 0.5).max() == pytest.approx(0.5)
    assert np.abs(shared[2] - 0.5).max() < 0.2
    assert weights.order[-1] == 1
    assert all(picture.shape == (7, 7, 3) for picture in pictures_of(weights))


def test_order_knows_gray_from_colour_and_coarse_from_fine() -> None:
    rows, columns = np.meshgrid(np.arange(16), np.arange(16), indexing="ij")

    def grating(frequency: float, angle: float, colours: tuple[float, float, float]) -> np.ndarray:
        wave = np.cos(2 * np.pi * frequency * (columns * np.cos(angle) + rows * np.sin(angle)))
        return np.stack([value * wave for value in colours]).astype(np.float32)

    gray, opponent = (1.0, 1.0, 1.0), (1.0, -1.0, 0.0)
    filters = np.stack([grating(0.3, 0.0, gray), grating(0.1, 0.5, opponent), grating(0.1, np.pi / 2, gray), grating(0.1, 0.0, gray)])
    frequency, orientation = spectral_peak(filters)
    assert np.allclose(frequency, [0.3, 0.1, 0.1, 0.1], atol=0.03)
    assert np.allclose(orientation[[0, 2]], [0.0, np.pi / 2], atol=0.1)
    assert np.allclose(colourfulness(filters), [0, 1, 0, 0], atol=1e-5)
    assert sensible_order(filters, ()).tolist() == [3, 2, 0, 1]


def test_weights_in_sixteen_bits_are_drawn_too() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, 5, 1)).bfloat16()
    preprocess = Preprocess(size=16, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.2))
    coarse, fine = (weight_images(Network(module, preprocess), "0").values for module in (layers, copy.deepcopy(layers).float()))
    assert np.abs(coarse - fine).max() <= 0.02 * np.abs(fine).max()
