"""FullGrad: terms written out layer by layer, the sum exact on piecewise linear and on curved networks, and its map in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.attribution.layered import MEAN, SIDE, STD, layered
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.attribution._question import Question
from optogram.attribution._target import read_target
from optogram.attribution.full_grad import _decomposed
from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small

IMAGE = torch.rand(1, 2, SIDE, SIDE, dtype=torch.double, generator=torch.Generator().manual_seed(1))


def terms(net: Network, image: Tensor, unit: int) -> tuple[Tensor, list[Tensor], float]:
    """x grad, b grad of the two folded layers, and the head's bias, by asking autograd for the gradient of each bias itself."""
    module = net.module.eval()
    x = ((image - MEAN) / STD).requires_grad_()

    def affine(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        bias = norm.bias + scale * ((0 if conv.bias is None else conv.bias) - norm.running_mean)
        return conv.weight * scale[:, None, None, None], bias.detach()

    (w1, b1), (w2, b2) = affine(module.one, module.norm1), affine(module.two, module.norm2)
    planes = [bias[None, :, None, None].expand(1, -1, SIDE, SIDE).clone().requires_grad_() for bias in (b1, b2)]
    one = F.relu(F.conv2d(x, w1, padding=1) + planes[0])
    pooled = F.max_pool2d(F.relu(F.conv2d(one, w2, padding=1) + planes[1] + one), 2).mean((2, 3))
    response = (pooled @ module.head.weight.T)[0, unit]
    grads = torch.autograd.grad(response, [x, *planes])
    return (x * grads[0]).detach(), [(plane * grad).detach() for plane, grad in zip(planes, grads[1:], strict=True)], module.head.bias[unit].item()


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("unit", [0, 2])
def test_every_term_against_the_gradient_of_its_bias(unit: int, inplace: bool) -> None:
    net = layered(inplace)
    pixels, planes, head = terms(net, IMAGE, unit)
    found = _decomposed(Question(net, IMAGE, read_target(net, f"head:{unit}"), "full_grad"), slice(0, 1))
    torch.testing.assert_close(found.pixels, pixels)
    assert len(found.layers) == 2
    for mine, expected in zip(found.layers[::-1], planes, strict=True):
        torch.testing.assert_close(mine, expected)
    assert float(found.placeless[0]) == pytest.approx(head)
    assert abs(float(found.missed[0])) < 1e-12


def test_the_map_of_the_paper() -> None:
    net = layered()
    pixels, planes, _ = terms(net, IMAGE, 1)
    expected = np.zeros((SIDE, SIDE))
    for term in (pixels, *planes):
        sizes = np.abs(term[0].numpy())
        expected += ((sizes - sizes.min()) / (sizes.max() - sizes.min())).sum(0)
    found = attribute(net, IMAGE, "head:1", "full_grad")
    np.testing.assert_allclose(found.values[0], np.stack([expected] * 2), rtol=1e-5)
    assert not found.signed
    assert found.notes[0].startswith("input and bias gradients sum to the response within ")
    assert float(found.notes[0].rpartition(" ")[2]) < 1e-12


class Curved(nn.Module):
    """A convolution at stride 2, an activation, a batch norm without a layer before it, a pool, a head; all with biases."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.conv, self.activation, self.norm = nn.Conv2d(3, 6, 3, stride=2), activation, nn.BatchNorm2d(6)
        self.last, self.head = nn.Conv2d(6, 5, 2), nn.Linear(5, 3)
        self.norm.running_mean, self.norm.running_var = torch.randn(6), torch.rand(6) + 0.5
        nn.init.normal_(self.norm.bias)
        nn.init.normal_(self.conv.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.leaky_relu(self.last(self.norm(self.activation(self.conv(x))))).mean((2, 3)))


ACTIVATIONS = [nn.ReLU(inplace=True), nn.ReLU6(inplace=True), nn.LeakyReLU(0.2), nn.Hardtanh(-0.5, 0.7), nn.GELU(), nn.SiLU(), nn.ELU(inplace=True)]


@pytest.mark.parametrize("activation", [*ACTIVATIONS, nn.Softplus(), nn.Hardswish()], ids=lambda one: type(one).__name__)
def test_with_signs_nothing_is_missed(activation: nn.Module) -> None:
    """Also of bent activations, whose tangents have intercepts, and where the photograph is resized and cropped."""
    net = Network(Curved(activation).double(), Preprocess(size=13, crop=11, mean=0.4, std=0.3))
    images = photographs(2, 3, 20, 26).double()
    found = attribute(net, images, "head:1", "full_grad", signed=True)
    assert found.signed
    total = found.values.astype(float).sum((1, 2, 3))
    np.testing.assert_allclose(total + found.base, found.responses, atol=1e-5 * np.abs(found.values).sum())
    np.testing.assert_allclose(found.delta, 0, atol=1e-5 * np.abs(found.values).sum())
    np.testing.assert_allclose(found.base, net.module.head.bias[1].detach().numpy(), atol=1e-6)


def test_where_something_is_added_outside_of_layers_the_note_says_what_is_missed() -> None:
    class Added(Curved):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + 3.0

    net = Network(Added(nn.ReLU()).double(), Preprocess(size=11))
    found = attribute(net, photographs(2, 3, 11, 11).double(), "output:1", "full_grad")
    assert found.notes == ("input and bias gradients sum to the response within 3",)


def test_pixels_without_effect_have_no_input_term_but_biases_stand_where_they_arise() -> None:
    net, images = small(), photographs(2)
    found = _decomposed(Question(net, images, read_target(net, "head:2"), "full_grad"), slice(0, 2))
    assert not found.pixels[..., 16:].any()
    assert found.pixels[..., :16].any()
    assert any(layer[..., -1].any() for layer in found.layers)


def test_what_is_refused() -> None:
    net, images = small(), photographs(1)
    with pytest.raises(NotDefinedError, match="for units of norm use lrp or conductance"):
        attribute(net, images, "head:1", "full_grad", source="norm")
    normed = Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(144, 2)), Preprocess(size=8))
    with pytest.raises(NotDefinedError, match=r"full_grad has no rule for native group norm in 1 .GroupNorm., .* Use integrated_gradients"):
        attribute(normed, photographs(1, 3, 8, 8), "3:1", "full_grad")
