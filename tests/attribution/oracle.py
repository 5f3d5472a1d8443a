"""What the tests of attribution compare with: a network small enough to differentiate by hand, and finite differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network

SIDE = 5
PIXELS = SIDE * SIDE


class Chain(nn.Module):
    """y = C r(B r(A x + a) + b) + c, with r a rectifier given as a function or a module: three matrices and two rectifiers."""

    def __init__(self, rectifier: Callable[[Tensor], Tensor], seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.a, self.b, self.c = nn.Linear(PIXELS, 12), nn.Linear(12, 9), nn.Linear(9, 3)
        self.rectifier = rectifier

    def forward(self, x: Tensor) -> Tensor:
        x = self.rectifier(self.a(x.flatten(1)))
        return self.c(self.rectifier(self.b(x)))


def chain(rectifier: Callable[[Tensor], Tensor] = F.relu, seed: int = 0) -> Network:
    return Network(Chain(rectifier, seed).double(), Preprocess(size=SIDE))


def by_hand(
    net: Network, image: np.ndarray, unit: int, step: Callable[[np.ndarray, np.ndarray], np.ndarray], leak: float = 0.0, knee: float = np.inf
) -> np.ndarray:
    """Back through the matrices of `chain` with NumPy alone; `step(z, R)` is the rule at a rectifier."""
    weights = {name: value.detach().numpy() for name, value in net.module.named_parameters()}
    first = weights["a.weight"] @ image.ravel() + weights["a.bias"]
    second = weights["b.weight"] @ _rectified(first, leak, knee) + weights["b.bias"]
    back = step(second, weights["c.weight"][unit])
    back = step(first, back @ weights["b.weight"])
    return (back @ weights["a.weight"]).reshape(1, SIDE, SIDE)


def differences(function: Callable[[Tensor], Tensor], image: Tensor, size: float = 1e-6) -> np.ndarray:
    """Central differences of a scalar function, pixel by pixel, in double precision."""
    found = np.zeros(image.numel())
    for pixel in range(image.numel()):
        nudge = torch.zeros_like(image).flatten()
        nudge[pixel] = size
        nudge = nudge.view_as(image)
        found[pixel] = float(function(image + nudge) - function(image - nudge)) / (2 * size)
    return found.reshape(tuple(image.shape))


def _rectified(z: np.ndarray, leak: float, knee: float) -> np.ndarray:
    return np.minimum(np.where(z > 0, z, leak * z), knee)
