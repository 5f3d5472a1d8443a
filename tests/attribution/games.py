"""Cooperative games whose Shapley values are counted out, and networks that play them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network

SIDE = 12
PARTS = np.arange(SIDE)[:, None] // 6 * 3 + np.arange(SIDE)[None, :] // 4
"""Six parts: two rows of three blocks of 6 by 4 pixels."""


class Bilinear(nn.Module):
    """f = w x + x Q x over the pixels: parts help and hinder one another. Two units."""

    def __init__(self, quadratic: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.head = nn.Linear(3 * SIDE * SIDE, 2)
        self.mix = nn.Parameter(torch.randn(3 * SIDE * SIDE, 4) / 10)
        self.quadratic = quadratic

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        return self.head(x) + self.quadratic * (x @ self.mix).tanh().prod(dim=1, keepdim=True)


def bilinear(quadratic: float = 1.0) -> Network:
    return Network(Bilinear(quadratic), Preprocess(size=SIDE))


def images(count: int = 2) -> Tensor:
    return torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(7))


def worth(net: Network, image: Tensor, base: float, unit: int = 1, parts: np.ndarray = PARTS) -> Callable[[frozenset[int]], float]:
    """What the unit says when only these parts are there."""

    def value(present: frozenset[int]) -> float:
        shown = torch.as_tensor(np.isin(parts, list(present)))
        return float(net.run(torch.where(shown, image, torch.full_like(image, base))[None])[0, unit])

    return value


def shapley(value: Callable[[frozenset[int]], float], players: int) -> np.ndarray:
    """The definition, over all coalitions."""
    found = np.zeros(players)
    for player in range(players):
        others = [one for one in range(players) if one != player]
        for size in range(players):
            weight = math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)
            for coalition in itertools.combinations(others, size):
                found[player] += weight * (value(frozenset(coalition) | {player}) - value(frozenset(coalition)))
    return found


def by_part(values: np.ndarray, parts: np.ndarray = PARTS) -> np.ndarray:
    """What a map [channel, height, width] gives to each part in all."""
    return np.array([values[:, parts == part].sum() for part in range(parts.max() + 1)])
