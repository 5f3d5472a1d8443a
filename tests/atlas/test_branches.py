"""Which sites read which: on networks whose wiring is known by construction."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram.atlas.branches import branches
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network


class Branched(nn.Module):
    """Two branches that are joined, a sum around a layer that is silent, an in-place rectifier, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.left = nn.Conv2d(4, 2, 1)
        self.right = nn.Conv2d(4, 2, 3, padding=1)
        self.around = nn.Conv2d(4, 4, 3, padding=1)
        self.last = nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Float[Tensor, "batch channel row column"]) -> Tensor:
        """Class scores."""
        x = torch.relu_(self.first(x))
        x = torch.cat([self.left(x), self.right(x)], dim=1)
        x = x + torch.relu(self.around(x))
        answers: Tensor = self.head(torch.relu(self.last(x)).mean((2, 3)))
        return answers


NAMES = ("first", "left", "right", "around", "last", "head")


def _branched() -> Network:
    torch.manual_seed(0)
    module = Branched().eval()
    with torch.no_grad():
        module.around.bias.fill_(-100)  # nothing passes: it is read all the same
    return Network(module, Preprocess(size=8), name="branched")


def test_a_site_reads_what_it_is_computed_from_without_another_site_between() -> None:
    net = _branched()
    assert branches(net, [net.site(name) for name in NAMES]) == {
        "first": [],
        "left": ["first"],
        "right": ["first"],
        "around": ["left", "right"],
        "last": ["left", "right", "around"],
        "head": ["last"],
    }


def test_a_site_that_is_not_asked_about_is_passed_through() -> None:
    net = _branched()
    some = [net.site(name) for name in ("head", "left", "first")]  # in any order
    assert branches(net, some) == {"first": [], "left": ["first"], "head": ["first", "left"]}


def test_the_network_is_left_as_it_was() -> None:
    net = _branched()
    shown = torch.rand(2, 3, 8, 8)
    before = net.run(shown, "input")
    branches(net, list(net.sites()))
    after = net.run(shown, "input")
    assert before is not None
    assert after is not None
    assert torch.equal(before, after)
    assert all(one.grad is None for one in net.module.parameters())
