"""Every public verb that takes a network, on one so small that all of them together take seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import optogram as og
from optogram.network.receptive_field import measure_all

SIDE = 12


class Fuse(nn.Module):
    """Counts its passes in the shadow and in every copy alike; raises `error` at pass number `at`."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = _Shared()

    def forward(self, x: Tensor) -> Tensor:
        self.shared.passes += 1
        if self.shared.passes == self.shared.at:
            raise self.shared.error("in the middle")
        return x


class _Shared:
    def __init__(self) -> None:
        self.passes, self.at = 0, -1
        self.error: type[BaseException] = RuntimeError

    def __deepcopy__(self, memo: dict[int, Any]) -> _Shared:
        return self


class Trained(nn.Module):
    """A convolution, a batch norm, a rectifier in place, a second convolution, a functional rectifier, a head; a fuse between."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(3, 5, 3, bias=False), nn.BatchNorm2d(5), nn.ReLU(inplace=True)
        self.fuse, self.second, self.head = Fuse(), nn.Conv2d(5, 6, 3, stride=2), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fuse(self.relu(self.norm(self.conv(x))))
        return self.head(torch.relu(self.second(x)).mean((2, 3)))


@dataclass(frozen=True)
class Case:
    """A user's module in the middle of a training, the network that looks at it, and what verbs are given."""

    module: Trained
    network: og.Network
    photos: og.Photos
    images: Tensor
    path: Path

    @property
    def shared(self) -> _Shared:
        return self.module.fuse.shared


def case(path: Path) -> Case:
    torch.manual_seed(0)
    module = Trained()
    module.norm.running_var.fill_(0.5)
    module.train()
    module.second.eval()
    module.head.weight.requires_grad_(False)
    module(torch.rand(4, 3, SIDE, SIDE)).sum().backward()
    module.conv.register_forward_hook(_own_hook)
    coarse = np.random.default_rng(0).integers(0, 256, (24, 4, 4, 3), dtype=np.uint8).repeat(3, axis=1).repeat(3, axis=2)
    network = og.Network(module, og.Preprocess(size=SIDE, mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2)), ["cat", "dog", "cup"], name="trained")
    network.sites()
    return Case(module, network, og.open_images(coarse), torch.from_numpy(coarse[:3]).permute(0, 3, 1, 2).float() / 255, path)


def _own_hook(layer: nn.Module, args: Any, output: Tensor) -> None:
    """The user's, which has to stay."""


def _attribution(c: Case) -> og.Attribution:
    return og.attribute(c.network, c.images, "head:cat", method="gradient")


SITES = ("norm", "second")

VERBS: dict[str, Callable[[Case], Any]] = {
    "attribute": lambda c: og.attribute(c.network, c.images, "head:cat", method="guided_backprop"),
    "build_atlas": lambda c: og.build_atlas(
        c.network, c.photos, c.path / f"atlas-{id(object())}", twins=2, panel=10, steps=2, picture_units=2, attributed=1, exemplars=2, progress=False
    ),
    "concepts": lambda c: og.concepts(c.network, c.photos, "second", k=2, steps=5, progress=False),
    "judge": lambda c: og.judge(c.network, c.photos, sites=list(SITES), claims=["identification"], twins=2, progress=False),
    "rank": lambda c: og.rank(c.network, c.images, "head:cat", methods=["gradient", "input_x_gradient"], metric="sensitivity_n", progress=False),
    "sanity": lambda c: og.sanity(c.network, _attribution(c), twins=2, others=2, progress=False),
    "score": lambda c: og.score(c.network, _attribution(c), "deletion", progress=False),
    "sweep": lambda c: og.sweep(c.network, c.photos, k=3, panel=10, progress=False),
    "synthesize": lambda c: og.synthesize(c.network, ["norm:0", "second:1@1,1", "head:dog"], steps=3, progress=False),
    "tcav": lambda c: og.tcav(c.network, c.images, c.images, "head:cat", site="norm", background=c.photos, runs=9, repeats=2, progress=False),
    "weight_images": lambda c: og.weight_images(c.network, "norm"),
}
"""By public name. A verb that is added to the package is added here, or a test fails."""

USES: dict[str, Callable[[Case], Any]] = {
    "receptive fields": lambda c: measure_all(c.network, c.network.sites()),
    "run": lambda c: c.network.run(c.images),
    "backward": lambda c: c.network.run(c.images.clone().requires_grad_()).sum().backward(),
    "read": lambda c: c.network.read("second", c.images),
    "twin": lambda c: c.network.twin("shuffle", 0, c.photos).run(c.images),
    "worker": lambda c: c.network.worker(channels_last=True).run(c.images),
}
"""What else a network is used for."""
