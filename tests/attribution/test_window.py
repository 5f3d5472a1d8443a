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
from optogram.attribution._window import boxes_of
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


def images(height: int = 64, width: int = 64) -> Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))


FRAMES = {
    "as they are": (Preprocess(size=64), (64, 64)),
    "cropped": (Preprocess(crop=64), (70, 81)),
    "made smaller and cropped": (Preprocess(size=72, crop=64), (90, 108)),
    "made smaller by a cubic": (Preprocess(size=68, crop=64, interpolation="bicubic"), (140, 131)),
    "enlarged by a cubic": (Preprocess(size=(64, 64), interpolation="bicubic"), (40, 50)),
    "picked": (Preprocess(size=(64, 64), interpolation="nearest"), (75, 90)),
    "larger crop": (Preprocess(size=56, crop=64), (70, 90)),
}
"""How photographs may come to the 64 x 64 pixels that the network is given."""


@pytest.mark.parametrize(
    ("frame", "window", "stride"),
    [("as they are", 5, 5), ("as they are", (4, 9), (4, 9)), *((frame, 8, 5 if number else 3) for number, frame in enumerate(FRAMES))],
)
def test_the_same_as_whole_passes(frame: str, window: object, stride: object, monkeypatch: pytest.MonkeyPatch) -> None:
    preprocess, sides = FRAMES[frame]
    net, found, shown = Network(Deep().eval(), preprocess), [], images(*sides)
    real = _window.shortcut
    monkeypatch.setattr(_window, "WORTH_IT", 1)
    monkeypatch.setattr(occlusion, "shortcut", lambda *given: found.append(real(*given)) or found[-1])
    settings = {"window": window, "stride": stride, "baseline": "mean", "batch_size": 100, "progress": False}
    with FlopCounterMode(display=False) as little:
        fast = attribute(net, shown, "head:1", "occlusion", **settings).values
    assert found[0] is not None
    assert len(found[0].stages) >= (3 if sides == (64, 64) else 2)
    monkeypatch.setattr(occlusion, "shortcut", lambda *given: None)
    with FlopCounterMode(display=False) as much:
        whole = attribute(net, shown, "head:1", "occlusion", **settings).values
    assert np.abs(fast - whole).max() < 1e-4 * np.abs(whole).max()
    if "enlarged" not in frame:
        assert little.get_total_flops() < (0.75 if sides == (64, 64) else 0.9) * much.get_total_flops()


def test_networks_whose_channels_are_convolved_by_themselves_take_whole_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    module, found = Deep().eval(), []
    module.one = nn.Conv2d(6, 6, 3, padding=1, groups=6)
    real = _window.shortcut
    monkeypatch.setattr(_window, "WORTH_IT", 1)
    monkeypatch.setattr(occlusion, "shortcut", lambda *given: found.append(real(*given)) or found[-1])
    for kept in (6, 1):
        module.one.groups, module.one.weight = kept, nn.Parameter(torch.randn(6, 6 // kept, 3, 3))
        attribute(Network(module, Preprocess(size=64)), images(), "head:1", "occlusion", window=8, stride=8, batch_size=100, progress=False)
    assert found[0] is None
    assert found[1] is not None


def test_what_has_changed_lies_in_its_box() -> None:
    changed = torch.rand(40, 9, 13, generator=torch.Generator().manual_seed(0)) < 0.03
    for row, ((top, bottom), (left, right)) in zip(changed, boxes_of(changed), strict=True):
        where = row.nonzero()
        if len(where):
            assert [top, left] == where.amin(0).tolist()
            assert [bottom - 1, right - 1] == where.amax(0).tolist()
        else:
            assert (top, bottom, left, right) == (0, 1, 0, 1)


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
