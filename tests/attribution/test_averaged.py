"""Gradients averaged: over noise, baselines, blur."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from tests.attribution.games import bilinear, images
from tests.metrics.planted import images as flat
from tests.metrics.planted import linear, weights

from optogram.attribution._attribute import attribute
from optogram.attribution._baseline import blurred
from optogram.errors import InputError, NotDefinedError, SettingError
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small


def ask(net, x, method, **settings):
    return attribute(net, x, "head:2", method, progress=False, **settings)


def test_squares_and_variances_over_the_same_noise() -> None:
    net, x = small(), photographs(2)
    generator = torch.Generator().manual_seed(0)
    draws = [torch.randn(3, 24, 24, generator=generator) for _ in range(5)]
    spread = 0.2 * (x.amax((1, 2, 3)) - x.amin((1, 2, 3))).view(-1, 1, 1, 1)
    slopes = []
    for draw in draws:
        noisy = (x + spread * draw).requires_grad_()
        slopes.append(torch.autograd.grad(net.run(noisy)[:, 2].sum(), noisy)[0].numpy())
    slopes = np.stack(slopes)
    for method, expected in (("smoothgrad", slopes.mean(0)), ("squaregrad", (slopes**2).mean(0)), ("vargrad", slopes.var(0))):
        found = ask(net, x, method, samples=5, noise=0.2)
        assert np.abs(found.values - expected).max() < 1e-4 * np.abs(expected).max()
        assert found.signed == (method == "smoothgrad")


def test_the_blur_falls_as_the_square_of_what_is_left_of_the_way() -> None:
    net, x, steps = small(), photographs(2), 3
    seen = [x if share == 0 else blurred(x, 0.2 * 24 * share**2) for share in (1 - half / (2 * steps) for half in range(2 * steps + 1))]
    total = torch.zeros_like(x)
    for step in range(steps):
        middle = seen[2 * step + 1].clone().requires_grad_()
        total += (seen[2 * step + 2] - seen[2 * step]) * torch.autograd.grad(net.run(middle)[:, 2].sum(), middle)[0]
    found = ask(net, x, "blur_integrated_gradients", steps=steps)
    np.testing.assert_allclose(found.values, total.numpy(), atol=1e-4 * float(total.abs().max()))


def test_a_linear_network_has_no_variance() -> None:
    net, x = linear(), flat(2)
    square = ask(net, x, "squaregrad", samples=3).values
    np.testing.assert_allclose(square[0], weights(net).numpy() ** 2, rtol=1e-3, atol=1e-7)
    assert ask(net, x, "vargrad", samples=3).values.max() < 1e-9
    with pytest.raises(SettingError, match="at least 2 samples"):
        ask(net, x, "vargrad", samples=1)


def test_expected_gradients_of_a_linear_network() -> None:
    net, x = linear(), flat(2)
    pool = torch.rand(3, 3, 12, 12)
    found = ask(net, x, "expected_gradients", backgrounds=pool, samples=6)
    assert np.abs(found.delta).max() < 1e-4
    generator = torch.Generator().manual_seed(0)
    torch.randperm(6, generator=generator), torch.rand(6, generator=generator)
    drawn = torch.stack([pool[int(torch.randint(3, (1,), generator=generator))] for _ in range(6)]).mean(0)
    np.testing.assert_allclose(found.values, ((x - drawn) * weights(net)).numpy(), atol=1e-5)


def test_expected_gradients_over_one_background_are_integrated_gradients() -> None:
    net, x = bilinear(), images()
    pool = torch.full((1, 3, 12, 12), 0.4)
    many = attribute(net, x, "output:1", "expected_gradients", backgrounds=pool, samples=100, progress=False).values
    exact = attribute(net, x, "output:1", "integrated_gradients", baseline=0.4, progress=False).values
    assert np.abs(many - exact).max() < 0.05 * np.abs(exact).max()


def test_blur_is_complete_and_exact_on_linear_networks() -> None:
    net, x = linear(), flat(2)
    found = ask(net, x, "blur_integrated_gradients", steps=3, sigma=0.3)
    coarse = blurred(x, 0.3 * 12)
    np.testing.assert_allclose(found.values, ((x - coarse) * weights(net)).numpy(), atol=1e-5)
    np.testing.assert_allclose(found.base, net.run(coarse)[:, 2].detach().numpy(), atol=1e-5)
    net, x = bilinear(), images()
    for steps, most in ((8, 0.02), (64, 5e-4)):
        deep = attribute(net, x, "output:1", "blur_integrated_gradients", steps=steps, progress=False)
        assert np.abs(deep.delta).max() < most


def smooth(image: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur as two dense matrices, the border repeated: each row of a matrix holds one pixel's weights."""
    side = image.shape[-1]
    if sigma == 0:
        return image
    far = 2 * side  # more than three standard deviations of the widest
    places = np.arange(-far, side + far)
    matrix = np.zeros((side, side))
    for row in range(side):
        weight = np.exp(-0.5 * ((places - row) / sigma) ** 2) * (np.abs(places - row) <= max(1, np.ceil(3 * sigma)))
        np.add.at(matrix[row], places.clip(0, side - 1), weight / weight.sum())
    return np.einsum("ik,ckl,jl->cij", matrix, image, matrix)


def scale_space(net, image: np.ndarray, widest: float, unit: int, steps: int) -> np.ndarray:
    """The paper's integral, from no detail to all: d f / d z times d z / d sigma, in equal steps of sigma."""
    edges = np.linspace(widest, 0, steps + 1)
    total = np.zeros_like(image)
    for coarse, fine in itertools.pairwise(edges):
        middle = torch.from_numpy(smooth(image, (coarse + fine) / 2))[None].requires_grad_()
        (slope,) = torch.autograd.grad(net.module(middle)[0, unit], middle)
        total += slope[0].numpy() * (smooth(image, fine) - smooth(image, coarse))
    return total


def test_blur_beside_the_papers_integral_over_scales() -> None:
    """The path is the paper's, its pace is ours (finer where detail is fine): the same integral, by matrices, in equal steps of the scale."""
    net, image = bilinear(), images(1)[0].double().numpy()
    net = Network(net.module.double().eval(), net.preprocess)
    slow = scale_space(net, image, 0.2 * 12, 1, 400)
    found = attribute(net, image[None], "output:1", "blur_integrated_gradients", steps=150, progress=False).values[0]
    assert np.abs(found - slow).max() < 5e-3 * np.abs(slow).max()
    straight = attribute(net, image[None], "output:1", "integrated_gradients", baseline=smooth(image, 2.4), steps=64, progress=False).values[0]
    assert np.abs(straight - slow).max() > 0.05 * np.abs(slow).max()  # another path, another share-out


def test_what_cannot_be() -> None:
    net, x = small(), photographs(1)
    with pytest.raises(InputError, match="backgrounds are photographs"):
        ask(net, x, "expected_gradients", backgrounds=torch.rand(2, 3, 5, 5))
    with pytest.raises(SettingError, match='photographs or "noise"'):
        ask(net, x, "expected_gradients", backgrounds="rain")
    for method in ("expected_gradients", "blur_integrated_gradients"):
        with pytest.raises(NotDefinedError, match="use integrated_gradients"):
            ask(net, x, method, source="cut")
    with pytest.raises(SettingError, match="at least 1 step"):
        ask(net, x, "blur_integrated_gradients", steps=0)
