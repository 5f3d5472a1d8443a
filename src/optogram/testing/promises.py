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
from optogram.testing._asking import TARGET, Method, Patches, Small, fewer, photographs, small

SIDE, WIDTH = 16, 8


@dataclass(frozen=True)
class Promises:
    """`complete`: values sum to f(x) - f(baseline) but for `delta`. `absorbs`: to f(x) but for what biases take, which is told.

    `drawn`: estimated from random draws. `signed`: evidence for and against in one map. `per_channel`: channels are told apart. `hidden`: any
    site in place of the pixels. `linear`: the map of a contrast is the difference of the maps. `refused`: kinds of networks that it is not
    defined for.
    """

    complete: bool
    absorbs: bool
    drawn: bool
    signed: bool
    per_channel: bool
    hidden: bool
    linear: bool
    refused: tuple[str, ...]

    @property
    def words(self) -> str:
        """In a line."""
        parts = ["sums to f(x) - f(baseline), but for `delta`"] if self.complete else []
        parts += ["sums to f(x) but for what biases absorb, which is told"] if self.absorbs else []
        parts += ["linear in the response"] if self.linear else []
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
    settings: dict[str, Any] = {"progress": False, **fewer(method)}
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
    return Promises(*flags, _hidden(method, settings), _linear(method, settings), tuple(refused))


def _hidden(method: Method, settings: dict[str, Any]) -> bool:
    try:
        found = attribute(small(size=SIDE), photographs(1, 3, SIDE, SIDE), TARGET, method, source="second#0", **settings)
    except NotDefinedError:
        return False
    return bool(np.asarray(found.values).any())


def _linear(method: Method, settings: dict[str, Any]) -> bool:
    net, images = small(size=SIDE), photographs(2, 3, SIDE, SIDE)
    try:
        found = [np.asarray(attribute(net, images, target, method, **settings).values) for target in ("head:2 - head:0", "head:2", "head:0")]
    except NotDefinedError:
        return False
    return bool(np.abs(found[0] - found[1] + found[2]).max() < 1e-4 * np.abs(found[1]).max())
