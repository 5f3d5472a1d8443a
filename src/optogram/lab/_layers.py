"""Alternating S and C layers: features learned without labels, and windows that forgive where they are (Fukushima 1980, 2011).

An S cell answers to what it has learned, |x| max(0, cos(x, a) - theta) / (1 - theta) for a patch x of the layer below and its feature a; so it is
the more choosy the greater theta is. A C cell answers where any S cell of one plane in its window does, and saturates, r / (1 + r). S planes learn
by competition: each patch belongs to the feature most like it, and each feature becomes the mean direction of its patches, again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Maps = Float[Tensor, "picture plane height width"]

KERNEL = 5
"""Side of what an S cell sees of the layer below."""
PATCHES = 20_000
ROUNDS = 12
GAIN = 5.0
"""What contrasts are multiplied with before gradients train on them: most are under a fifth, and learning would be slow."""
FAINT = 0.3
"""Patches with less than this share of the strongest one's length teach nothing: they are background."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Planes of both S layers, and window and stride of both C layers: what a network of S and C layers and a convolutional one have in common.

    By default the last C layer has one cell a plane, whose window is all of a canvas of 28x28.
    """

    planes: tuple[int, int] = (12, 80)
    windows: tuple[int, int] = (5, 27)
    strides: tuple[int, int] = (2, 14)


def contrast(pictures: Float[Tensor, "picture height width"]) -> Float[Tensor, "picture 2 height width"]:
    """On- and off-centre cells: a pixel less its surround (Gaussian, 2 pixels), and the surround less the pixel, rectified."""
    reach = torch.arange(-4.0, 5.0)
    line = torch.exp(-(reach**2) / (2 * 2.0**2))
    kernel = (line[:, None] * line[None]) / line.sum() ** 2
    difference = pictures[:, None] - F.conv2d(pictures[:, None], kernel[None, None], padding=4)
    return F.relu(torch.cat([difference, -difference], dim=1))


def s_cells(below: Maps, features: Float[Tensor, "feature plane row column"], theta: float) -> Float[Tensor, "picture feature height width"]:
    """Their answers, for features of length 1."""
    own = F.conv2d(below, features, padding=KERNEL // 2)
    ones = torch.ones(1, below.shape[1], KERNEL, KERNEL)
    length = F.conv2d(below.square(), ones, padding=KERNEL // 2).clamp_min(1e-12).sqrt()
    return F.relu(own - theta * length) / (1 - theta)


def c_cells(planes: Maps, window: int, stride: int, level: float) -> Float[Tensor, "picture plane _ _"]:
    """The strongest S cell of a window, in units of `level`, saturated, read at every `stride`-th place; a window of 1 only thins."""
    strongest = F.max_pool2d(planes, window, stride, padding=window // 2) / level
    return strongest / (1 + strongest)


def competed(below: Maps, count: int, random: torch.Generator, patches: int = PATCHES) -> Float[Tensor, "feature plane row column"]:
    """Features of length 1 that compete for up to so many patches of `below`, over `ROUNDS` rounds (spherical k-means; Dhillon & Modha 2001).

    A feature that wins nothing starts again from the patch least like all others.
    """
    flat = F.unfold(below, KERNEL, padding=KERNEL // 2).transpose(1, 2).reshape(-1, below.shape[1] * KERNEL**2)
    lengths = flat.norm(dim=1)
    strong = torch.nonzero(lengths > FAINT * lengths.max())[:, 0]
    chosen = strong[torch.randperm(len(strong), generator=random)[:patches]]
    known = flat[chosen] / lengths[chosen, None]
    features = known[torch.randperm(len(known), generator=random)[:count]].clone()
    for _ in range(ROUNDS):
        likeness, winner = (known @ features.T).max(dim=1)
        sums = torch.zeros_like(features).index_add_(0, winner, known)
        idle = torch.nonzero(torch.bincount(winner, minlength=count) == 0)[:, 0]
        sums[idle] = known[likeness.argsort()[: len(idle)]]
        features = sums / sums.norm(dim=1, keepdim=True)
    square: Tensor = features.reshape(count, below.shape[1], KERNEL, KERNEL)
    return square


@dataclass(frozen=True, eq=False)
class Cells:
    """Both S layers' features, the levels at which C cells saturate, and how choosy S cells are."""

    shape: Shape
    features: tuple[Float[Tensor, "_ _ _ _"], Float[Tensor, "_ _ _ _"]]
    levels: tuple[float, float]
    thetas: tuple[float, float]

    def layers(self, pictures: Float[Tensor, "picture height width"]) -> list[Float[Tensor, "_ _ _ _"]]:
        """S1, C1, S2, C2."""
        found, below = [], contrast(pictures)
        for features, level, theta, window, stride in zip(
            self.features, self.levels, self.thetas, self.shape.windows, self.shape.strides, strict=True
        ):
            s = s_cells(below, features, theta)
            below = c_cells(s, window, stride, level)
            found += [s, below]
        return found

    def top(self, pictures: Float[Tensor, "picture height width"]) -> Float[Tensor, "picture cell"]:
        """The last C layer, as a vector."""
        return self.layers(pictures)[-1].flatten(1)


def grown(
    pictures: Float[Tensor, "picture height width"],
    shape: Shape,
    thetas: tuple[float, float],
    *,
    learned: bool,
    seed: int,
    patches: int = PATCHES,
) -> Cells:
    """Layer after layer, each learned from the answers of the one below; `learned=False` gives random features as a control."""
    random = torch.Generator().manual_seed(seed)
    below, features, levels = contrast(pictures), [], []
    for count, theta, window, stride in zip(shape.planes, thetas, shape.windows, shape.strides, strict=True):
        if learned:
            features.append(competed(below, count, random, patches))
        else:
            drawn = torch.rand(count, below.shape[1], KERNEL, KERNEL, generator=random)
            features.append(drawn / drawn.flatten(1).norm(dim=1)[:, None, None, None])
        s = s_cells(below, features[-1], theta)
        levels.append(float(s[s > 0].mean()) if bool((s > 0).any()) else 1.0)
        below = c_cells(s, window, stride, levels[-1])
    return Cells(shape, (features[0], features[1]), (levels[0], levels[1]), thetas)


class Convolutional(nn.Module):
    """The same shape trained by gradients: convolutions with rectifiers for S layers, max pools for C layers, and the same readout."""

    def __init__(self, shape: Shape, classes: int, side: int) -> None:
        super().__init__()
        first, second = shape.planes
        self.s1 = nn.Conv2d(2, first, KERNEL, padding=KERNEL // 2)
        self.s2 = nn.Conv2d(first, second, KERNEL, padding=KERNEL // 2)
        self.c1, self.c2 = (nn.MaxPool2d(window, stride, padding=window // 2) for window, stride in zip(shape.windows, shape.strides, strict=True))
        with torch.no_grad():
            cells = self.cells(torch.zeros(1, side, side)).shape[1]
        self.readout = nn.Linear(cells, classes)

    def cells(self, pictures: Float[Tensor, "picture height width"]) -> Float[Tensor, "picture cell"]:
        """The last pool, as a vector."""
        below = self.c1(F.relu(self.s1(GAIN * contrast(pictures))))
        found: Tensor = self.c2(F.relu(self.s2(below))).flatten(1)
        return found

    def forward(self, pictures: Float[Tensor, "picture height width"]) -> Float[Tensor, "picture label"]:
        """Scores of the classes."""
        scores: Tensor = self.readout(self.cells(pictures))
        return scores
