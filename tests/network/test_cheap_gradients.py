"""A private copy whose gradients are cheaper: the same gradients, by torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from optogram.images.preprocess import Preprocess
from optogram.network.fast import masked
from optogram.network.fast.cheap_gradients import COPYING, Depthwise, Stem, cheapen
from optogram.network.network import Network


@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "padding", "size"),
    [
        (3, 7, 2, 3, (33, 40)),
        (3, 3, 2, 1, (16, 17)),
        (1, 5, 3, 0, (20, 23)),
        (3, 16, 16, 0, (50, 48)),
        (3, 11, 4, 2, (67, 64)),
        (2, (3, 5), (2, 3), (0, 2), (18, 19)),
    ],
)
def test_the_gradient_at_the_input_is_torchs_own(channels: int, kernel: int, stride: int, padding: int, size: tuple[int, int]) -> None:
    """In bfloat16 that of single precision, to rounding."""
    torch.manual_seed(0)
    plain = nn.Conv2d(channels, 10, kernel, stride, padding).bfloat16()
    for kind, close in ((torch.float32, {"rtol": 1e-4, "atol": 1e-5}), (torch.bfloat16, {"rtol": 2**-7, "atol": 2**-7})):
        cheap, own = copy.deepcopy(plain).to(kind), copy.deepcopy(plain).to(kind)
        cheapen(cheap)
        assert type(cheap) is Stem
        images = torch.rand(2, channels, *size).to(kind).contiguous(memory_format=torch.channels_last).requires_grad_()
        outside = torch.randn_like(own(images))
        assert torch.equal(cheap(images), own(images))
        (found,) = torch.autograd.grad(cheap(images), images, outside)
        (expected,) = torch.autograd.grad(plain.float()(images.float()), images, outside.float())
        assert found.dtype == kind
        assert torch.allclose(found.float(), expected.float(), **close)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [(3, 2, 1, (16, 17)), (3, 2, 1, (15, 20)), (5, 3, 0, (20, 23)), ((3, 5), (2, 3), (0, 2), (18, 19)), (2, 4, 0, (9, 11))],
)
def test_the_gradient_of_each_channel_by_itself_is_torchs_own_in_single_precision(
    kernel: int, stride: int, padding: int, size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(12, 12, kernel, stride, padding, groups=12).bfloat16()
    cheap, single = copy.deepcopy(plain), copy.deepcopy(plain).float()
    cheapen(cheap)
    assert type(cheap) is Depthwise
    images = torch.rand(2, 12, *size).bfloat16().contiguous(memory_format=torch.channels_last).requires_grad_()
    outside = torch.randn_like(plain(images))
    (found,) = torch.autograd.grad(cheap(images), images, outside)
    (expected,) = torch.autograd.grad(single(images.float()), images, outside.float())
    assert torch.equal(cheap(images), plain(images))
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), expected.float(), rtol=2**-7, atol=2**-7)


def test_wide_grouped_dilated_mirrored_and_plain_convolutions_stay_torchs() -> None:
    layers = [nn.Conv2d(8, 8, 3, 2), nn.Conv2d(2, 4, 3, 2, groups=2), nn.Conv2d(3, 4, 3, 2, dilation=2), nn.Conv2d(3, 4, 3)]
    layers.append(nn.Conv2d(3, 4, 3, 2, padding=1, padding_mode="reflect"))
    layers += [nn.Conv2d(4, 8, 3, 2, groups=4), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 4, 3, 2, groups=4, padding="valid")]
    for layer in layers:
        cheapen(layer)
        assert type(layer) is nn.Conv2d


@pytest.mark.parametrize("kind", COPYING)
def test_a_rectifier_in_place_keeps_no_copy_of_what_it_would_overwrite(kind: type[nn.Module]) -> None:
    """Counted in clones; ReLU, whose output tells enough, stays in place."""
    clones = []
    for change in (lambda module: None, cheapen):
        module = nn.Sequential(nn.Conv2d(1, 2, 3), kind(inplace=True), nn.ReLU(inplace=True))
        change(module)
        assert module[2].inplace is True
        images = torch.rand(1, 1, 8, 8, requires_grad=True)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            module(images).sum().backward()
        clones.append(sum(event.name == "aten::clone" for event in seen.events()))  # type: ignore[union-attr]
    assert clones[1] < clones[0]


def test_a_worker_for_gradients_gives_what_the_network_gives_and_leaves_it_alone() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 8, 5, 2, 2), nn.BatchNorm2d(8), nn.ReLU6(inplace=True), nn.Conv2d(8, 4, 3)).eval()
    net = Network(module, Preprocess(size=24))
    worker = net.worker(channels_last=True, reads=["3"], gradients=True)
    images = torch.rand(2, 3, 24, 24, requires_grad=True)
    slopes = [torch.autograd.grad(one.read("3", images).square().sum(), images)[0] for one in (net, worker)]
    assert torch.allclose(slopes[0], slopes[1], rtol=1e-3, atol=1e-5)
    assert type(module[0]) is nn.Conv2d
    assert module[2].inplace is True


@pytest.mark.parametrize("kind", COPYING)
def test_a_pass_without_gradients_writes_in_place_and_what_was_before_can_be_read(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 8, 5), kind(inplace=True), nn.Conv2d(8, 4, 3)).eval()
    net, images = Network(module, Preprocess(size=24)), torch.rand(2, 3, 24, 24)
    worker = net.worker(reads=["0", "1", "2"], gradients=True)
    rectifier = worker.layer("1")
    assert isinstance(rectifier, kind)
    assert type(rectifier).__name__ == kind.__name__
    before = torch.randn(2, 8, 4, 4)
    with torch.no_grad():
        assert rectifier(kept := before.clone()).data_ptr() == kept.data_ptr()
        for taken in (net, worker):
            with taken.tap("0", "1") as taps:
                taken.run(images, "input")
            assert torch.equal(taps["0"], module[0](images))
            assert torch.equal(taps["1"], module[1](module[0](images)))
    assert rectifier(kept := before.clone()).data_ptr() != kept.data_ptr()
    assert torch.equal(kept, before)


class Aliased(nn.Module):
    """Reads what its rectifier has overwritten, or overwrites what it gave."""

    def __init__(self, rectifier: nn.Module, after: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.rectifier, self.two, self.after = nn.Conv2d(3, 8, 3, padding=1), rectifier, nn.Conv2d(8, 4, 3, padding=1), after

    def forward(self, images: Tensor) -> Tensor:
        values = self.one(images)
        found = self.rectifier(values)
        return self.two(found.mul_(0.5)) if self.after else self.two(found) + values[:, :4]  # type: ignore[no-any-return]


@pytest.mark.parametrize("large", [1, 1 << 40])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("kind", [*COPYING, nn.ReLU])
def test_networks_that_read_what_was_overwritten_keep_their_gradient(
    kind: type[nn.Module], after: bool, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masked, "LARGE", large)
    module = Aliased(kind(inplace=True), after and kind is not nn.ReLU).eval()  # torch itself has no gradient of a ReLU that is overwritten
    worker = Network(module, Preprocess(size=24)).worker(channels_last=True, reads=["output"], gradients=True)
    images, own = (torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2))
    (expected,) = torch.autograd.grad(module(own)[:, 1].square().sum(), own)
    with worker.tap("output") as taps:
        worker.run(images, "input")
    (found,) = torch.autograd.grad(taps["output"][:, 1].square().sum(), images)
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-5)
