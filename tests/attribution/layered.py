"""A small network with all that matters to rules (padding, batch norm, a skip connection, pooling, a head) and its layers as matrices.

The oracle knows relevances only, one matrix at a time, in NumPy; it shares nothing with the package, which carries R / activation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network

SIDE, MEAN, STD = 6, 0.4, 0.3
Share = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""`share(a, W, b, R)`: relevances of the inputs a of y = W a + b, from those of the outputs."""


class Layered(nn.Module):
    """conv, norm, relu; conv, norm, plus skip, relu in place; max pool; mean; head."""

    def __init__(self, inplace: bool = True) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.one, self.norm1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.two, self.norm2 = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 3)
        self.relu, self.inplace = nn.ReLU(inplace=inplace), inplace
        for norm in (self.norm1, self.norm2):
            norm.running_mean, norm.running_var = torch.randn(4) * 0.3, torch.rand(4) + 0.5
            nn.init.normal_(norm.weight), nn.init.normal_(norm.bias, std=0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm1(self.one(x)))
        y = self.norm2(self.two(x))
        if self.inplace:
            y += x
        else:
            y = y + x
        return self.head(F.max_pool2d(self.relu(y), 2).mean((2, 3)))


def layered(inplace: bool = True) -> Network:
    return Network(Layered(inplace).double(), Preprocess(size=SIDE, mean=MEAN, std=STD))


def matrix(function: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """W and b of an affine function, from what it makes of nought and of each unit vector."""
    size = int(np.prod(shape))
    with torch.no_grad():
        base = function(torch.zeros(1, *shape, dtype=torch.double)).flatten()
        columns = function(torch.eye(size, dtype=torch.double).reshape(size, *shape)).reshape(size, -1) - base
    return columns.numpy().T, base.numpy()


def shared_out(net: Network, image: np.ndarray, unit: int, first: Share, conv: Share, dense: Share, start: float | None = None) -> np.ndarray:
    """Relevances of the pixels of one image; `start` in place of the response at the target."""
    module = net.module.eval()
    a0 = ((image - MEAN) / STD).ravel()
    w1, b1 = matrix(lambda t: module.norm1(module.one(t)), (2, SIDE, SIDE))
    w2, b2 = matrix(lambda t: module.norm2(module.two(t)), (4, SIDE, SIDE))
    a1 = np.maximum(w1 @ a0 + b1, 0)
    z2 = w2 @ a1 + b2
    a2 = np.maximum(z2 + a1, 0).reshape(4, 3, 2, 3, 2).transpose(0, 1, 3, 2, 4).reshape(36, 4)
    winners = a2.argmax(1)
    pooled = a2.max(1)
    means = pooled.reshape(4, 9).mean(1)
    head, bias = module.head.weight.detach().numpy(), module.head.bias.detach().numpy()
    relevance = np.zeros(3)
    relevance[unit] = (head @ means + bias)[unit] if start is None else start
    relevance = dense(means, head, bias, relevance)
    relevance = np.repeat(np.where(means > 0, relevance / np.where(means > 0, means, 1), 0), 9) / 9 * pooled
    windows = np.zeros((36, 4))
    windows[np.arange(36), winners] = relevance
    relevance = windows.reshape(4, 3, 3, 2, 2).transpose(0, 1, 3, 2, 4).ravel()
    total = z2 + a1
    part = np.where(total > 0, relevance / np.where(total > 0, total, 1), 0)
    through = conv(a1, w2, b2, part * z2)
    return first(a0, w1, b1, part * a1 + through).reshape(image.shape)


def epsilon(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    return _parts(w * a, b, r)


def bare(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    return _parts(w * a, 0 * b, r)


def zplus(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    return _parts(np.maximum(w * a, 0), np.maximum(b, 0), r)


def bare_zplus(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    return _parts(np.maximum(w * a, 0), 0 * b, r)


def alpha2_beta1(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    return 2 * zplus(a, w, b, r) - _parts(np.minimum(w * a, 0), np.minimum(b, 0), r)


def gamma(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    """A quarter more for what helps: positive contributions to positive outputs, negative ones to negative outputs."""
    z = (w @ a + b)[:, None]
    helped = w * a + 0.25 * np.where(z > 0, np.maximum(w * a, 0), np.minimum(w * a, 0))
    return _parts(helped, b + 0.25 * np.where(z[:, 0] > 0, np.maximum(b, 0), np.minimum(b, 0)), r)


def w2(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    return _parts(w**2, 0 * b, r)


def box(a: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    low, high = -MEAN / STD, (1 - MEAN) / STD
    return _parts(w * a - low * np.maximum(w, 0) - high * np.minimum(w, 0), 0 * b, r)


def _parts(parts: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    whole = parts.sum(1) + b
    return (parts / np.where(whole == 0, 1, whole)[:, None] * r[:, None]).sum(0)
