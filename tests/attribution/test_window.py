"""Early layers computed only where a window reaches: the same answers as whole passes, or whole passes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from optogram.attribution import _window, occlusion
from optogram.attribution._attribute import attribute
from optogram.attribution._entrance import Reach
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network


class Deep(nn.Module):
    """Strided, padded, pooled; a block with a skip connection; `around`: the pixels also reach the head past every block."""

    def __init__(self, around: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.pool = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)), nn.MaxPool2d(3, 2, 1)
        self.one, self.two = nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 8, 5, padding=2)
        self.relu, self.head = nn.ReLU(), nn.Linear(8, 3)
        self.around = around

    def forward(self, x: Tensor) -> Tensor:
        y = self.pool(self.stem(x))
        y = self.relu(y + self.one(y))
        y = F.relu(self.two(y)).mean((2, 3))
        return self.head(y) + (x.mean((1, 2, 3))[:, None] if self.around else 0)


def images() -> Tensor:
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("window", "stride"), [(5, 5), (8, 3), ((4, 9), (4, 9))])
def test_the_same_as_whole_passes(window: object, stride: object, monkeypatch: pytest.MonkeyPatch) -> None:
    net, found = Network(Deep().eval(), Preprocess(size=64)), []
    real = _window.shortcut
    monkeypatch.setattr(_window, "WORTH_IT", 1)
    monkeypatch.setattr(occlusion, "shortcut", lambda *given: found.append(real(*given)) or found[-1])
    settings = {"window": window, "stride": stride, "baseline": "mean", "batch_size": 100, "progress": False}
    with FlopCounterMode(display=False) as little:
        fast = attribute(net, images(), "head:1", "occlusion", **settings).values
    assert len(found[0].stages) >= 3
    monkeypatch.setattr(occlusion, "shortcut", lambda *given: None)
    with FlopCounterMode(display=False) as much:
        whole = attribute(net, images(), "head:1", "occlusion", **settings).values
    assert np.abs(fast - whole).max() < 1e-4 * np.abs(whole).max()
    assert little.get_total_flops() < 0.75 * much.get_total_flops()


def test_a_way_around_the_site_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    net, found = Network(Deep(around=True).eval(), Preprocess(size=64)), []
    real = _window.shortcut
    monkeypatch.setattr(_window, "WORTH_IT", 1)
    monkeypatch.setattr(occlusion, "shortcut", lambda *given: found.append(real(*given)) or found[-1])
    values = attribute(net, images(), "output:1", "occlusion", window=8, stride=8, batch_size=100, progress=False).values
    assert found == [None]
    covered = images().clone()
    covered[:, :, 8:16, 24:32] = 0
    falls = (net.run(images()) - net.run(covered))[:, 1].detach().numpy()
    np.testing.assert_allclose(values[:, 0, 12, 28], falls, atol=1e-5)


def test_places_by_counting() -> None:
    for offset, size, stride, length in itertools.product((-5, -1, 0), (1, 4, 11), (1, 2, 4), (32, 40)):
        count = length // stride
        for first, width in ((0, 5), (13, 6), (length - 4, 4)):
            last = first + width
            reach = Reach(offset, size, stride, count, length)
            seeing = [place for place in range(count) if offset + stride * place < last and offset + stride * place + size > first]
            if not seeing:
                continue
            assert reach.places(first, last) == (seeing[0], seeing[-1])
            elsewhere = reach.seen(1, count // 2)
            (start, _), crop = reach.fitted([reach.seen(*reach.places(first, last)), elsewhere])
            assert start % stride == (length - crop) % stride == 0
            assert 0 <= start <= length - crop
            for place in seeing:
                assert max(0, offset + stride * place) >= start
                assert min(length, offset + stride * place + size) <= start + crop


def test_places_that_see_places() -> None:
    """Two layers after one another: what the second sees of the first, from what both see of the pixels."""
    pixels = Reach(0, 1, 1, 64, 64)
    for (offset, size, stride), (further, wider, step) in itertools.product([(-1, 3, 2), (0, 4, 4), (-3, 7, 1)], [(-2, 5, 1), (-1, 3, 2)]):
        first = Reach(offset, size, stride, 64 // stride, 64)
        both = Reach(offset + stride * further, size + stride * (wider - 1), stride * step, 64 // stride // step, 64)
        assert both.after(first) == Reach(further, wider, step, both.count, first.count)
        assert both.after(pixels) == both
        assert first.after(replace(both, stride=both.stride + 1)) is None
