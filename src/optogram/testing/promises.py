"""What an attribution method promises and where it refuses, found by asking it on small networks.

from optogram.testing.promises import promises
promises("lrp").refused  # ("smooth ...",)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.errors import InterceptionError, NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import TARGET, Method, Small, _fewer, photographs, small

SIDE, WIDTH = 16, 8


@dataclass(frozen=True)
class Promises:
    """`complete`: values sum to f(x) - f(baseline) but for `delta`. `absorbs`: to f(x) but for what biases take, which is told.

    `drawn`: estimated from random draws. `signed`: evidence for and against in one map. `per_channel`: channels are told apart. `hidden`: any
    site in place of the pixels. `refused`: kinds of networks that it is not defined for.
    """

    complete: bool
    absorbs: bool
    drawn: bool
    signed: bool
    per_channel: bool
    hidden: bool
    refused: tuple[str, ...]

    @property
    def words(self) -> str:
        """In a line."""
        parts = ["sums to f(x) - f(baseline), but for `delta`"] if self.complete else []
        parts += ["sums to f(x) but for what biases absorb, which is told"] if self.absorbs else []
        parts += ["drawn at random, by the seed"] if self.drawn else []
        parts += [] if self.signed else ["0 or more"]
        parts += [] if self.per_channel else ["one map for all channels"]
        return "; ".join(parts)


class Smooth(nn.Module):
    """A convolution, a GELU, a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.head = nn.Conv2d(3, WIDTH, 3, padding=1), nn.Conv2d(WIDTH, WIDTH, 3), nn.Linear(WIDTH, 4)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 4]."""
        return self.head(F.gelu(self.second(F.gelu(self.first(x)))).mean((2, 3)))  # type: ignore[no-any-return]


class Patches(nn.Module):
    """Patches of 4 pixels, a class token, one block of attention and one of two dense layers, a head on the class token."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patch, self.cls_token = nn.Conv2d(3, WIDTH, 4, stride=4), nn.Parameter(torch.randn(1, 1, WIDTH))
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


def flat() -> nn.Module:
    """Dense layers alone."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 8), nn.ReLU(), nn.Linear(8, 4))


KINDS: dict[str, Callable[[], nn.Module]] = {
    "networks of convolutions and rectifiers": Small,
    "smooth rectifiers (GELU, SiLU)": Smooth,
    "networks without a site of several places": flat,
    "transformers": Patches,
}


def promises(method: Method) -> Promises:
    """Asks the method, with fewer draws than by default, about pixels of four kinds of networks and about a hidden site of one."""
    images = photographs(1, 3, SIDE, SIDE)
    settings: dict[str, Any] = {"progress": False, **_fewer(method)}
    refused, answers = [], []
    for kind, make in KINDS.items():
        try:
            answers.append(attribute(Network(make(), Preprocess(size=SIDE)), images, "output:2", method, **settings))
        except (NotDefinedError, InterceptionError):
            refused.append(kind)
    if not answers:
        raise AssertionError(f"{method} refuses every kind of network")
    found = answers[0]
    absorbs = any("absorb" in note for note in found.notes)
    flags = (found.delta is not None, absorbs, found.estimated, found.signed, found.per_channel)
    return Promises(*flags, _hidden(method, settings), tuple(refused))


def _hidden(method: Method, settings: dict[str, Any]) -> bool:
    try:
        found = attribute(small(size=SIDE), photographs(1, 3, SIDE, SIDE), TARGET, method, source="second#0", **settings)
    except NotDefinedError:
        return False
    return bool(np.asarray(found.values).any())
