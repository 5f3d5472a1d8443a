from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import nn

from optogram.images.preprocess import Preprocess
from optogram.lab._chain import chains, steps
from optogram.lab.depth import RIDGE, _probed, fitted_classes
from optogram.network.network import Network
from optogram.zoo.photonet import photonet

Quick = Callable[[str], Any]


def test_as_scikit_learn() -> None:
    """Nearly as many features as photographs, so that another penalty gives other answers."""
    random = np.random.default_rng(0)
    known, new, named = random.standard_normal((24, 22)), random.standard_normal((400, 22)), random.integers(3, size=24)
    own = fitted_classes(torch.from_numpy(known), torch.from_numpy(named), torch.from_numpy(new), 3).numpy()
    mean, spread = known.mean(axis=0), known.std(axis=0, ddof=1)
    library, other = (Ridge(alpha=alpha).fit((known - mean) / spread, np.eye(3)[named]) for alpha in (RIDGE * 24, RIDGE))
    answers = library.predict((new - mean) / spread).argmax(axis=1)
    assert (answers != other.predict((new - mean) / spread).argmax(axis=1)).mean() > 0.05
    np.testing.assert_array_equal(own, answers)


def test_steps_of_the_demo_network() -> None:
    network = photonet()
    assert steps(network, [network.site(name) for name in ("input", "bn1", "bn3", "bn4", "head_photo")]) == [0, 1, 3, 4, 5]


class Forked(nn.Module):
    """Two ways from the stem, one of a single layer and one of two, added and read: four layers behind one another, of five."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.short, self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(4, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        stem = self.relu(self.stem(images))
        both = self.short(stem) + self.second(self.relu(self.first(stem)))
        answers: torch.Tensor = self.head(self.relu(both).mean(dim=(2, 3)))
        return answers


def test_branches_side_by_side_are_one_step() -> None:
    network = Network(Forked().eval(), Preprocess(size=8), name="forked")
    assert chains(network) == {"stem": 1, "short": 2, "first": 2, "second": 3, "head": 4}


def test_the_photographs_judged_are_the_new_ones() -> None:
    """The known ones from the last to the first, so that the answers to one lot are all wrong for the other."""
    network, images, classes = photonet(), torch.rand(40, 3, 64, 64), torch.arange(40) // 20
    halves = (images, classes, images.flip(0), classes.flip(0))
    assert min(_probed(network, [network.site("input"), network.site("bn2")], halves, 2, lambda more: None)) >= 28  # of 40; the wrong lot gives 12


class TestQuick:
    def test_each_step_adds_in_the_network_and_not_in_its_twin(self, quick: Quick) -> None:
        found = quick("depth").result
        assert found["gained"] > 0.2
        assert found["gained"] > found.finding("gained").control + 0.1
        assert found.rates[0] == found.rates_twin[0]  # the input is the same to both
        last = found.finding(f"rate_{found.sites[-1]}")
        assert last.low > last.control
        assert last.low > 3 * last.chance

    def test_neurons_and_steps(self, quick: Quick) -> None:
        found = quick("depth").result
        assert found.neurons[0] == 3 * 64 * 64
        assert found.neurons[1] == 32 * 27 * 27
        assert (np.diff(found.steps) >= 0).all()
