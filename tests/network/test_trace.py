"""Which sites are rectified, by what was called and not only by how often noise comes out as zero."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network


class High(nn.Module):
    """All positive before the rectifier, on any image: its output is never zero, and is rectified all the same."""

    def __init__(self, rectify: object, after: object = lambda x: x) -> None:
        super().__init__()
        self.conv, self.end = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 1)
        self.conv.weight.data.abs_()
        self.conv.bias.data.fill_(1)
        self.inner = Inner(rectify, after)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.inner(self.conv(x)))


class Inner(nn.Module):
    def __init__(self, rectify: object, after: object) -> None:
        super().__init__()
        self.rectify, self.after = rectify, after

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.rectify(x))  # type: ignore[operator]


def network(rectify: object, after: object = lambda x: x) -> Network:
    return Network(High(rectify, after), Preprocess(size=12))


CUT = {
    "function": F.relu,
    "in place": torch.relu_,
    "clamp": lambda x: x.clamp(min=0),
    "relu6": F.relu6,
    "hardtanh": lambda x: F.hardtanh(x, 0.0, 9.0),
    "module": nn.ReLU(),
    "module in place": nn.ReLU(inplace=True),
    "view": lambda x: F.relu(x).view(x.shape),
}
KEPT = {
    "leaky": F.leaky_relu,
    "hardtanh around zero": lambda x: F.hardtanh(x, -9.0, 9.0),
    "clamp above": lambda x: x.clamp(max=9),
    "softplus": F.softplus,
    "none": lambda x: x * 1,
    "written over": lambda x: F.relu(x).sub_(5),
    "added to": lambda x: F.relu(x) - 5,
}


@pytest.mark.parametrize("name", [*CUT, *KEPT])
def test_rectified_is_what_a_rectifier_gave_however_rarely_it_cut(name: str) -> None:
    site = network((CUT | KEPT)[name]).site("inner")
    assert site.rectified == (name in CUT)
    assert (site.before is not None) == (name in CUT)


@pytest.mark.parametrize("rectify", [torch.relu_, nn.ReLU(inplace=True), F.relu])
def test_what_goes_in_is_not_rectified_also_where_the_same_memory_comes_out(rectify: object) -> None:
    found = network(rectify)
    assert not found.site("conv").rectified
    assert not found.site("inner~in").rectified
    before = found.site("inner").before
    assert before is not None
    images = torch.rand(2, 3, 12, 12)
    assert torch.allclose(found.read(before, images), found.read("conv", images))


def test_a_pool_of_a_rectifier_is_rectified_where_noise_shows_it() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 2, 1))
    module[0].bias.data.fill_(-0.5)  # type: ignore[union-attr, operator]
    found = Network(module, Preprocess(size=12))
    assert found.site("2").rectified
    assert found.site("2").before is None


def test_the_planted_any_of_is_rectified() -> None:
    from optogram.zoo._planted import planted

    found = planted().network
    assert found.site("any_of").rectified
    assert found.site("any_of").before == "any_of.relu()#0~in"
    assert not found.site("energy").rectified
