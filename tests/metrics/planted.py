"""Linear networks, whose maps are known, and methods that are right, wrong, or an edge detector."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from optogram.attribution._question import Answer, Question
from optogram.images.preprocess import Preprocess
from optogram.metrics._free import edges
from optogram.network.network import Network

SIDE = 12


class Linear(nn.Module):
    """f = W x + b over three channels of 12 by 12 pixels, for four classes."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.head = nn.Linear(3 * SIDE * SIDE, 4)
        nn.init.normal_(self.head.weight, 0.02, 0.05)  # responses that are positive, so that there is something to take away

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.flatten(1))


def linear() -> Network:
    return Network(Linear(), Preprocess(size=SIDE))


def weights(net: Network, unit: int = 2) -> Tensor:
    return net.module.head.weight[unit].detach().view(3, SIDE, SIDE)


def images(count: int = 4, side: int = SIDE) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def edge_detector(question: Question) -> Answer:
    """Knows nothing of the network."""
    found = edges(question.images)[:, None].expand_as(question.images)
    settled, responses = question.settled()
    return Answer(found, responses, settled.places or (), signed=False, per_channel=False)


def nothing(question: Question) -> Answer:
    """A map of noughts."""
    settled, responses = question.settled()
    return Answer(torch.zeros_like(question.images), responses, settled.places or ())


def backwards(question: Question) -> Answer:
    """Contributions with the wrong sign."""
    slopes = question.gradients(question.origin())
    return Answer(-slopes.values * question.images, slopes.responses, slopes.places)
