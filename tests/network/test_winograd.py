"""Convolutions with less than half of the multiplications: the same results, and nothing where it should not be."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import optogram as og
from optogram.network.fast import machine
from optogram.network.fast import winograd as winograd_module
from optogram.network.fast.masked import masked
from optogram.network.fast.winograd import Winograd, convolved, panels, quicken
from optogram.network.operations import operated

_machine_code = pytest.importorskip(
    "optogram.network.fast._machine_code", reason="llvmlite (the extra `fast`) is not installed", exc_type=ImportError
)
pytestmark = pytest.mark.skipif(not machine.lanes(), reason="no code is made for this kind of processor")

KINDS = [kind for kind in (_machine_code.AVX2, _machine_code.AVX512) if kind.lanes <= machine.lanes()]
SHAPES = [(3, 48, 80, 13, 17, 1), (2, 64, 32, 8, 9, 0), (1, 32, 32, 5, 4, 2), (2, 272, 528, 7, 7, 1), (5, 32, 64, 1, 2, 1), (1, 320, 32, 40, 3, 1)]
"""Rows, channels, units, height, width, padding: odd sizes, channels in more than one block, panels of units half full."""


def images_of(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def layer(channels: int = 64, units: int = 32, padding: int = 1, bias: bool = True) -> nn.Conv2d:
    torch.manual_seed(1)
    return nn.Conv2d(channels, units, 3, padding=padding, bias=bias).requires_grad_(False)


def quick(plain: nn.Conv2d) -> Winograd:
    found = copy.deepcopy(plain)
    quicken(found)
    assert type(found) is Winograd
    return found


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small images too."""
    monkeypatch.setattr(winograd_module, "WORTH_IT", 0)
    monkeypatch.setattr(winograd_module, "REUSE", 1 << 40)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.lanes} lanes")
@pytest.mark.parametrize(("rows", "channels", "units", "height", "width", "padding"), SHAPES)
def test_it_is_the_convolution_about_as_near_to_the_truth_as_torchs(
    kind: object, rows: int, channels: int, units: int, height: int, width: int, padding: int
) -> None:
    """Held against double precision."""
    images, plain = images_of(rows, channels, height, width), layer(channels, units, padding)
    found = convolved(images, panels(plain.weight, kind.wide), plain.bias, units, padding, kind)  # type: ignore[attr-defined, arg-type]
    truth = copy.deepcopy(plain).double()(images.double())
    assert found.shape == truth.shape
    assert found.is_contiguous(memory_format=torch.channels_last)
    greatest = truth.abs().max()
    assert (found - truth).abs().max() < 2e-6 * greatest
    ours, torchs = (float((result - truth).square().mean().sqrt()) for result in (found, plain(images)))
    assert ours < 3 * torchs


@pytest.mark.parametrize(("rows", "channels", "units", "height", "width", "padding"), SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_its_gradient_is_torchs(rows: int, channels: int, units: int, height: int, width: int, padding: int, bias: bool, always: None) -> None:
    plain = layer(channels, units, padding, bias)
    images = images_of(rows, channels, height, width).requires_grad_()
    outside = images_of(*plain(images).shape, seed=2)
    (found,) = torch.autograd.grad(quick(plain)(images), images, outside)
    exact = images.detach().double().requires_grad_()
    (expected,) = torch.autograd.grad(copy.deepcopy(plain).double()(exact), exact, outside.double())
    assert (found - expected).abs().max() < 2e-6 * expected.abs().max()


@pytest.mark.parametrize("back", [False, True])
def test_nothing_reaches_beyond_the_nine_places_not_even_as_rounding_or_nan(back: bool, always: None) -> None:
    """One place after the other holds the only number, or NaN: the results that are not nought, or NaN, are those of a direct convolution."""
    plain = layer(32, 32, bias=False)
    fast = quick(plain)
    for row in range(6):
        for column in range(5):
            for value in (1.7, float("nan")):
                images = torch.zeros(1, 32, 6, 5)
                images[0, :, row, column] = value
                expected, found = (_through(module, images, back) for module in (plain, fast))
                assert torch.equal(found.isnan(), expected.isnan())
                assert torch.equal(found != 0, expected != 0)


def _through(module: nn.Conv2d, images: Tensor, back: bool) -> Tensor:
    if not back:
        return module(images)  # type: ignore[no-any-return]
    leaf = torch.zeros_like(images).requires_grad_()
    return torch.autograd.grad(module(leaf), leaf, images)[0]


def test_a_row_is_the_same_in_any_company_and_by_any_number_of_threads(always: None) -> None:
    fast, images, before = quick(layer()), images_of(9, 64, 15, 14), torch.get_num_threads()
    whole = fast(images)
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            assert torch.equal(fast(images), whole)
            assert all(torch.equal(fast(images[row : row + 1])[0], whole[row]) for row in range(9))
    finally:
        torch.set_num_threads(before)


def test_tensors_of_any_layout_and_grad_that_is_expanded(always: None) -> None:
    plain = layer()
    images = images_of(2, 64, 9, 22)
    for given in (images[..., ::2], images.transpose(2, 3), images.flip(0), images[:1].expand(3, -1, -1, -1)):
        assert torch.allclose(quick(plain)(given), plain(given), atol=1e-5)
    leaf = images.clone().requires_grad_()
    (found,) = torch.autograd.grad(quick(plain)(leaf).sum(), leaf)
    (expected,) = torch.autograd.grad(plain(leaf).sum(), leaf)
    assert torch.allclose(found, expected, atol=1e-5)


def test_changed_weights_are_noticed_and_copies_have_their_own(always: None) -> None:
    fast, images = quick(layer()), images_of(2, 64, 8, 8).requires_grad_()
    twin = copy.deepcopy(fast)
    before = fast(images).detach()
    torch.autograd.grad(fast(images).sum(), images)
    with torch.no_grad():
        fast.weight.mul_(2.0)
        fast.bias.zero_()  # type: ignore[union-attr]
    plain = nn.Conv2d.forward
    for module in (fast, twin):
        assert torch.allclose(module(images), plain(module, images), atol=1e-5)
        found, expected = (torch.autograd.grad(call(module, images).sum(), images)[0] for call in (Winograd.forward, plain))
        assert torch.allclose(found, expected, atol=1e-5)
    assert torch.equal(twin(images), before)
    assert copy.deepcopy(fast).__dict__["_transformed"].found == {}
    fast.weight = nn.Parameter(torch.zeros_like(fast.weight), requires_grad=False)
    assert not fast(images).any()


def test_it_serves_under_inference_mode(always: None) -> None:
    plain, images = layer(), images_of(1, 64, 6, 6)
    with torch.inference_mode():
        fast = quick(plain)
        assert torch.allclose(fast(images), plain(images), atol=1e-5)


def test_other_convolutions_stay_torchs() -> None:
    layers = [nn.Conv2d(32, 32, 1), nn.Conv2d(32, 32, 3, stride=2), nn.Conv2d(32, 32, 3, dilation=2), nn.Conv2d(32, 32, 3, groups=2)]
    layers += [nn.Conv2d(32, 32, 3, padding=1, padding_mode="reflect"), nn.Conv2d(32, 32, 3, padding="same"), nn.Conv2d(32, 32, 3, padding=3)]
    layers += [
        layer().bfloat16(),
        layer().double(),
        nn.Conv2d(3, 32, 3),
        nn.Conv2d(32, 20, 3),
        nn.Conv2d(16, 64, 3),
        type("Own", (nn.Conv2d,), {})(32, 32, 3),
    ]
    for plain in layers:
        kind = type(plain)
        quicken(plain)
        assert type(plain) is kind


def test_what_is_small_double_or_looked_on_goes_to_torch() -> None:
    plain = layer()
    fast, images = quick(plain), images_of(1, 64, 8, 8)
    assert torch.equal(fast(images), plain(images))
    large = images_of(1, 64, 56, 56)
    assert not torch.equal(fast(large), plain(large))
    assert torch.allclose(fast(large), plain(large), atol=1e-5)
    with operated(object(), lambda function, args, kwargs: function(*args, **kwargs)):  # type: ignore[arg-type]
        assert torch.equal(fast(large), plain(large))
    assert torch.equal(copy.deepcopy(fast).double()(large.double()), copy.deepcopy(plain).double()(large.double()))
    with pytest.raises(RuntimeError, match="channels"):
        fast(large[:, :32])


def test_without_llvmlite_nothing_changes(without_llvmlite: None) -> None:
    plain = layer()
    quicken(plain)
    assert type(plain) is nn.Conv2d


def test_where_no_code_can_be_made_nothing_changes_either(always: None, refused: None) -> None:
    plain, images = layer(), images_of(1, 64, 6, 6)
    assert torch.equal(quick(plain)(images), plain(images))
    gradient, output = torch.randn(64), torch.randn(64)
    assert torch.equal(masked(gradient, output, None), torch.where(output > 0, gradient, 0.0))


class Deep(nn.Module):
    """Two large convolutions under a functional rectifier and a pool."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.one, self.two, self.three = nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 32, 3, padding=1), nn.Conv2d(32, 32, 3, padding=1)
        self.head = nn.Linear(32, 4)

    def forward(self, images: Tensor) -> Tensor:
        values = F.relu(self.two(F.relu(self.one(images))))
        return self.head(F.relu(self.three(values)).mean(dim=(2, 3)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("method", ["gradient", "guided_backprop", "integrated_gradients", "rise", "lrp"])
def test_maps_are_the_same_with_and_without(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images, used = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(4)), []
    settings = {"rise": {"samples": 40}}.get(method, {})
    own = winograd_module.convolved
    monkeypatch.setattr(winograd_module, "convolved", lambda *args: used.append(1) or own(*args))

    def found() -> np.ndarray:
        net = og.Network(Deep().eval(), og.Preprocess(size=40, crop=40))
        return og.attribute(net, images, "output:1", method, progress=False, seed=0, **settings).values

    with_it = found()
    assert bool(used) == (method != "lrp")  # whose rules need to see each operation
    monkeypatch.setattr(machine, "_registers", lambda: None)
    expected = found()
    assert np.abs(with_it - expected).max() < 1e-3 * np.abs(expected).max()  # rounding opens and closes a few rectifiers
