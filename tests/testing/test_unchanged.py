"""The comparison finds every kind of change, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from optogram.testing.unchanged import unchanged


def module() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout())


def trains(net: nn.Sequential) -> None:
    net(torch.rand(2, 3, 8, 8)).sum().backward()


CHANGES: dict[str, Callable[[nn.Sequential], object]] = {
    "values": lambda net: net[0].weight.data.add_(1),
    "one value": lambda net: net[0].weight.data[0, 0, 0, 0].mul_(1.01),
    "buffer": lambda net: net[1].running_mean.add_(1),
    "gradient": trains,
    "requires_grad": lambda net: net.requires_grad_(False),
    "storage": lambda net: setattr(net[0].weight, "data", net[0].weight.data.clone()),
    "layout": lambda net: net.to(memory_format=torch.channels_last),
    "training": lambda net: net.eval(),
    "forward hook": lambda net: net[2].register_forward_hook(lambda *_: None),
    "backward hook": lambda net: net[2].register_full_backward_hook(lambda *_: None),
    "tensor hook": lambda net: net[0].weight.register_hook(lambda grad: grad),
    "forward": lambda net: setattr(net[2], "forward", lambda x: x),
    "in place": lambda net: setattr(net, "2", nn.ReLU(inplace=True)),
    "attribute": lambda net: setattr(net[3], "p_before", 0.5),
    "number": lambda net: setattr(net[3], "p", 0.9),
    "new module": lambda net: net.append(nn.ReLU()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_finds(change: str) -> None:
    net = module()
    with pytest.raises(AssertionError, match="the network was changed"), unchanged(net):
        CHANGES[change](net)


def test_finds_nothing_where_nothing_changed() -> None:
    net = module().eval()
    with unchanged(net), torch.no_grad():
        net(torch.rand(2, 3, 8, 8))


def test_looks_also_after_an_error() -> None:
    net = module()
    with pytest.raises(AssertionError), unchanged(net):
        net.eval()
        raise KeyboardInterrupt
