"""Every objective on every size of picture: tiny, oblong, huge, on one channel, and where a network takes one size only."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.synthesis.asked import OBJECTIVES
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives.attribution_weighted import attribution_weighted
from optogram.synthesis.objectives.caricature import caricature
from optogram.synthesis.objectives.contrast import contrast
from optogram.synthesis.objectives.cosine_dot import cosine_dot
from optogram.synthesis.objectives.direction import direction
from optogram.synthesis.objectives.diversity import diversity
from optogram.synthesis.objectives.intermediate import intermediate
from optogram.synthesis.objectives.inversion import inversion
from optogram.synthesis.objectives.joint import interpolation
from optogram.synthesis.objectives.logit import logit
from optogram.synthesis.objectives.negative import negative
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.objectives.probability import probability
from optogram.synthesis.objectives.site import site
from optogram.synthesis.objectives.unit import unit
from optogram.synthesis.synthesize import synthesize
from optogram.synthesis.verdict import FAILED

Size = tuple[int, int]
FIELD = 9


class Small(nn.Module):
    """Two convolutions and four classes; `fixed`: the head counts on one size of image, as networks with a flattened map do."""

    def __init__(self, channels: int, size: Size, fixed: bool) -> None:
        super().__init__()
        self.first, self.relu, self.second = nn.Conv2d(channels, 6, 5, stride=2), nn.ReLU(), nn.Conv2d(6, 8, 3)
        places = ((size[0] - 5) // 2 - 1) * ((size[1] - 5) // 2 - 1)
        self.head = nn.Linear(8 * (places if fixed else 1), 4)
        self.fixed = fixed

    def forward(self, images: Tensor) -> Tensor:
        found = self.second(self.relu(self.first(images)))
        out: Tensor = self.head(found.flatten(1) if self.fixed else found.mean((2, 3)))
        return out


@cache
def network(channels: int, size: Size, fixed: bool) -> Network:
    torch.manual_seed(3)
    return Network(Small(channels, size, fixed), Preprocess(size=size))


def photograph(net: Network) -> np.ndarray:
    return np.random.default_rng(0).integers(64, 192, (*net.input_size, net.channels), dtype=np.uint8)


EVERY: dict[str, Callable[[Network], list[Objective]]] = {
    "unit": lambda net: [unit(net.unit("second:3"))],
    "neuron": lambda net: [neuron(net.unit("second:3")), neuron(net.unit("second:1@2,3")), neuron(net.unit("second:2@0,0"))],
    "negative": lambda net: [negative(net.unit("second:3"))],
    "direction": lambda net: [direction(net.site("second"), np.arange(8.0) - 3)],
    "logit": lambda net: [logit(net.unit("head:1"))],
    "probability": lambda net: [probability(net.unit("head:1"))],
    "site": lambda net: [site(net.site("relu")), site(net.unit("second:2"))],
    "cosine_dot": lambda net: [cosine_dot(net.unit("second:3"))],
    "joint": lambda net: interpolation(unit(net.unit("second:3")), unit(net.unit("first:0")), 2),
    "contrast": lambda net: [contrast(net.unit("second:3"), net.unit("second:5"))],
    "intermediate": lambda net: [intermediate(net.unit("second:3"), 0.8)],
    "inversion": lambda net: [inversion(net, "relu", photograph(net))],
    "caricature": lambda net: [caricature(net, "second", photograph(net))],
    "attribution_weighted": lambda net: [
        attribution_weighted(net, "head:1", "relu", photograph(net)),
        attribution_weighted(net, "head:1", "second", photograph(net), by_place=False),
    ],
    "diversity": lambda net: diversity(net.unit("second:3"), 2, net.site("second")),
}
NEURONS, PLACED = ("neuron",), ("inversion", "caricature")


def test_the_table_has_every_objective() -> None:
    assert sorted(EVERY) == OBJECTIVES.names()


def holds(name: str, net: Network, size: Size | None, steps: int) -> None:
    """Each picture rises, is finite and in range, and has the size asked for; without one a neuron's field, or the network's own."""
    goals = EVERY[name](net)
    made = synthesize(net, goals, "pixel", steps=steps, size=size, transforms=(), progress=False)
    usual = size or tuple(min(side, 128) for side in net.input_size)
    wanted = (FIELD, FIELD) if name in NEURONS and size is None else net.input_size if size is None and name in PLACED else usual
    assert made.images.shape[1] == net.channels
    assert made.images.dtype == np.float32
    assert 0 <= made.images.min() <= made.images.max() <= 1
    for index, goal in enumerate(goals):
        assert made.trace[index, -1] > made.trace[index, 0], goal.name
        assert made.verdict[index] not in FAILED, goal.name
        if name != "attribution_weighted":  # one picture has the photograph's size, the other is free
            assert made.image(index).shape[1:] == wanted, goal.name


@pytest.mark.parametrize("name", OBJECTIVES.names())
@pytest.mark.parametrize(
    ("channels", "size", "fixed"),
    [(1, (28, 28), False), (3, (32, 32), False), (1, (28, 28), True), (3, (40, 64), False), (3, (40, 64), True)],
    ids=["28 gray", "32 colour", "28 gray fixed", "oblong", "oblong fixed"],
)
def test_every_objective_climbs_at_every_size(name: str, channels: int, size: Size, fixed: bool) -> None:
    holds(name, network(channels, size, fixed), None, 6)


@pytest.mark.parametrize("name", OBJECTIVES.names())
@pytest.mark.parametrize("size", [None, (512, 512)])
def test_every_objective_climbs_at_512(name: str, size: Size | None) -> None:
    holds(name, network(1, (512, 512), False), size, 3)
