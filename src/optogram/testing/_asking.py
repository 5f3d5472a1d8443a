"""Networks, photographs and questions that the checks of attribution methods share: small, seeded, asked for little.

Networks are made once, and so is each method's answer to the usual question: checks that change a network make their own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.attribution._attribute import METHODS, attribute
from optogram.attribution._question import Answer
from optogram.attribution._result import Attribution
from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network

Method = str | Callable[..., Answer]
TARGET = "head:2"
SAMPLES = 12
STEPS = 32
CELLS = 4
SIDE, WIDTH = 24, 8
FEWER: dict[str, dict[str, Any]] = {
    "occlusion": {"window": 6, "stride": 3},
    "extremal_perturbation": {"areas": (0.1, 0.4), "steps": 16, "cells": 12},
    "guided_integrated_gradients": {"anchors": 7},  # with as many anchors as steps its path were straight
}


class Cut(nn.Module):
    """Noughts in the right third."""

    def forward(self, x: Tensor) -> Tensor:
        """Any width."""
        seen = torch.arange(x.shape[-1], device=x.device) < x.shape[-1] * 2 // 3
        return x * seen.to(x)


class Small(nn.Module):
    """Three rectifiers, one a module in place, one that module again, one a function; the right third has no effect."""

    def __init__(self, channels: int = 3, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.norm = nn.Conv2d(channels, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.relu, self.cut = nn.ReLU(inplace=True), Cut()
        self.second, self.head = nn.Conv2d(8, 8, 3, stride=2), nn.Linear(8, 4)
        self.norm.running_mean, self.norm.running_var = torch.randn(8) * 0.1, torch.rand(8) + 0.5

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 4]."""
        x = self.cut(self.relu(self.norm(self.first(Cut()(x)))))
        x = self.relu(self.second(x)) + F.relu(self.second(x) - 0.1)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))  # type: ignore[no-any-return]


class Patches(nn.Module):
    """Patches of 4 pixels, a class token, one block of attention and one of two dense layers, a head on the class token."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patch, self.cls_token = nn.Conv2d(channels, WIDTH, 4, stride=4), nn.Parameter(torch.randn(1, 1, WIDTH))
        self.norm, self.mixed, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 16), nn.GELU(), nn.Linear(16, WIDTH))
        self.head = nn.Linear(WIDTH, 4)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 4]."""
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(len(x), -1, -1), x), dim=1)
        q, k, v = (part.unflatten(2, (2, -1)).transpose(1, 2) for part in self.mixed(self.norm(x)).chunk(3, -1))
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return self.head((x + self.mlp(x))[:, 0])  # type: ignore[no-any-return]


def small(channels: int = 3, size: int | tuple[int, int] | None = SIDE, module: nn.Module | None = None) -> Network:
    """A network of convolutions and rectifiers; `size=None` takes photographs as they come."""
    return Network(module or Small(channels), Preprocess(size=size, mean=0.4, std=0.3))


def photographs(count: int = 3, channels: int = 3, height: int = SIDE, width: int = SIDE, seed: int = 0) -> Tensor:
    """Smooth random images in 0..1."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, 6, 6, generator=generator)
    return F.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=False).clamp(0, 1)


@functools.cache
def kind_of(method: Method) -> Callable[[int], nn.Module]:
    """What the checks ask the method about: convolutions and rectifiers, or, where it refuses these, attention between patches."""
    try:
        ask(small(size=SIDE), photographs(1), method)
    except NotDefinedError:
        return Patches
    return Small


@functools.cache
def network_for(method: Method, channels: int = 3, size: int | tuple[int, int] | None = SIDE) -> Network:
    """One that is not to be changed."""
    return small(channels, size, kind_of(method)(channels))


def ask(net: Network, images: Any, method: Method, target: Any = TARGET, **settings: Any) -> Attribution:
    """With fewer draws and steps than by default."""
    return attribute(net, images, target, method, progress=False, **{**fewer(method), **settings})


@functools.lru_cache(maxsize=8)
def usual(method: Method, target: str = TARGET) -> Attribution:
    """The answer about three photographs."""
    return ask(network_for(method), photographs(), method, target)


def fewer(method: Method) -> dict[str, Any]:
    """Methods that draw at random, or that search step by step, are asked for less than by default: the properties hold for any number."""
    function = METHODS.get(method) if isinstance(method, str) else method
    known = inspect.signature(function).parameters
    most = {"samples": SAMPLES, "steps": STEPS, "cells": CELLS}
    found = {name: known[name].default for name in most if name in known}
    less = {name: min(default, most[name]) for name, default in found.items() if isinstance(default, int)}
    return {**less, **FEWER.get(name_of(method), {})}


def told(kind: type[Exception], call: Callable[[], object]) -> str | None:
    """What an error of this kind says; `None` where the call raises none."""
    try:
        call()
    except kind as error:
        return str(error)
    return None


def name_of(method: Method) -> str:
    """As registered, or the function's."""
    return method if isinstance(method, str) else method.__name__


def values_of(found: Attribution) -> np.ndarray:
    """Of photographs of one size."""
    assert isinstance(found.values, np.ndarray)
    return found.values


def close(one: np.ndarray, other: np.ndarray, what: str) -> None:
    """Within 1e-4 of the greatest value."""
    scale = max(float(np.abs(other).max()), 1e-12)
    worst = float(np.abs(one - other).max()) / scale
    assert worst < 1e-4, f"{what} differ by {worst:.2g} of the greatest value"
