"""Networks whose arithmetic is exact (whole-number weights, black-and-white pixels), so that ties are ties in any layout and batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import optogram as og


class Residual(nn.Module):
    """Rectified after the addition, in place: its pre-activation is a site of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.second(self.relu(self.first(x))))


class Tokens(nn.Module):
    """A class token, then patches; the head reads the class token."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 6, 3, stride=3)
        self.cls_token = nn.Parameter(torch.ones(1, 1, 6))
        self.wide = nn.Linear(6, 8)
        self.narrow = nn.Linear(8, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat((self.cls_token.expand(len(x), -1, -1), tokens), 1)
        tokens = self.narrow(torch.relu(self.wide(tokens)))
        return self.head((tokens + tokens.sum(1, keepdim=True))[:, 0])


class ChannelLast(nn.Module):
    """Works on [batch, row, column, unit]."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.head = nn.Linear(3, 5), nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.two(torch.relu(self.one(x.permute(0, 2, 3, 1)))).sum((1, 2)))


def convolutional() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), Residual(6), Residual(6), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(24, 4))


BUILDERS: dict[str, Callable[[], nn.Module]] = {"convolutional": convolutional, "tokens": Tokens, "channel_last": ChannelLast}


@pytest.fixture(params=BUILDERS)
def network(request: pytest.FixtureRequest) -> og.Network:
    """One network of each layout; unit 0 of every affine layer is constant, unit 1 a copy of unit 2."""
    return exact(BUILDERS[request.param]())


@pytest.fixture
def conv_network() -> og.Network:
    """Spatial sites, two of them rectified, and a head."""
    return exact(convolutional())


def exact(module: nn.Module) -> og.Network:
    generator = torch.Generator().manual_seed(1)
    for inner in module.modules():
        if isinstance(inner, nn.Conv2d | nn.Linear):
            weight = torch.randint(-2, 3, inner.weight.shape, generator=generator).float()
            weight[0], weight[1] = 0, weight[2]
            inner.weight.data, inner.bias.data = weight, torch.zeros_like(inner.bias)
    return og.Network(module, og.Preprocess(size=9), name="exact")


@pytest.fixture
def pictures() -> np.ndarray:
    """40 black-and-white pictures; some are copies of others."""
    found = np.random.default_rng(0).integers(0, 2, (40, 9, 9, 3)).astype(np.uint8) * 255
    found[7], found[30], found[31] = found[3], found[3], found[12]
    return found


@pytest.fixture
def photos(pictures: np.ndarray) -> og.Photos:
    return og.open_images(pictures)
