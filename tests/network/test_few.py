"""Few units of the last convolution before a site: what they give, and where they may not stand alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tests.network.nets import Residual, settled
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.fast.few import Few, last_convolution
from optogram.network.network import Network

SIZE = 20, 24


def worker(module: nn.Module, layout: bool = True) -> Network:
    torch.manual_seed(0)
    return Network(settled(module), Preprocess(size=SIZE)).worker(channels_last=layout)


@pytest.mark.parametrize("layout", [True, False])
@pytest.mark.parametrize(
    ("address", "name"), [("layer.0.relu#0", "layer.0.conv1"), ("layer.0", "layer.0.conv2"), ("layer.1", "layer.1.down"), ("last", "last")]
)
def test_units_asked_for_are_the_whole_convolutions_with_their_gradients(address: str, name: str, layout: bool) -> None:
    """A block's last convolution is the shortcut's where there is one."""
    net = worker(Residual(), layout)
    site = net.site(address)
    images = torch.rand(3, 3, *SIZE, requires_grad=True)

    def seen() -> tuple[Tensor, Tensor]:
        values = site.places(net.read(address, images))
        (slope,) = torch.autograd.grad(values[:, [1, 4]].square().sum(), images)
        return values.detach(), slope

    whole, slope = seen()
    found = last_convolution(net, site, SIZE)
    assert found is net.layer(name)
    assert all(torch.equal(one, other) for one, other in zip(seen(), (whole, slope), strict=True))
    found.only([4, 1, 4])
    few, same = seen()
    assert torch.allclose(few[:, [1, 4]], whole[:, [1, 4]], atol=1e-6)
    assert torch.allclose(same, slope, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(few[:, [0, 2, 3]], whole[:, [0, 2, 3]], atol=1e-2)


def test_more_than_half_are_all() -> None:
    net = worker(Residual())
    found = last_convolution(net, net.site("last"), SIZE)
    assert found is not None
    for units, few in (([0, 1, 2], 3), ([0, 1, 2, 3], None), ([], None)):
        found.only(units)
        assert (None if found.units is None else len(found.units)) == few


class Then(nn.Module):
    """A convolution and something behind it."""

    def __init__(self, behind: Callable[[Tensor], Tensor], convolution: nn.Module | None = None, twice: bool = False) -> None:
        super().__init__()
        self.first, self.conv = nn.Conv2d(3, 6, 3), convolution or nn.Conv2d(6, 6, 3, padding=1)
        self.behind, self.twice, self.end = behind, twice, nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.first(x))
        return self.end(self.behind(self.conv(x) if self.twice else x))


MIXING = {
    "group norm": nn.GroupNorm(1, 6),
    "softmax": nn.Softmax(1),
    "gate": lambda x: x * torch.sigmoid(x.mean((1, 2, 3), keepdim=True)),
    "greatest": lambda x: x - x.amax(1, keepdim=True),
    "order": lambda x: x.flip(1),
    "shuffle": nn.ChannelShuffle(2),
}


@pytest.mark.parametrize("name", MIXING)
def test_units_that_are_made_of_others_are_left_alone(name: str) -> None:
    net = worker(Then(MIXING[name]))
    assert last_convolution(net, net.site("end"), SIZE) is None
    assert type(net.layer("conv")) is nn.Conv2d


@pytest.mark.parametrize(
    ("convolution", "twice"),
    [
        (nn.Conv2d(6, 6, 3, padding=1, groups=2), False),
        (nn.Conv2d(6, 6, 3, padding=1, padding_mode="reflect"), False),
        (nn.Conv2d(6, 6, 3, padding=1), True),
    ],
)
def test_other_convolutions_are_left_alone(convolution: nn.Conv2d, twice: bool) -> None:
    net = worker(Then(torch.relu, convolution, twice))
    assert last_convolution(net, net.site("end"), SIZE) is None
    single = worker(Then(torch.relu))
    assert isinstance(last_convolution(single, single.site("end"), SIZE), Few)
