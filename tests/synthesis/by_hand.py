"""Recipes written out in NumPy and SciPy: Adam on Fourier coefficients or pixels under random looks, slopes by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.ndimage

from optogram.synthesis.canvases._colour import COLOUR

Slope = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Seen:
    """One look: the bilinear weights [view pixel, canvas pixel], contrast [channel, 1, 1] and what is added [channel, height, width]."""

    weights: np.ndarray
    contrast: np.ndarray | float = 1.0
    added: np.ndarray | float = 0.0

    def view(self, picture: np.ndarray) -> np.ndarray:
        side = math.isqrt(len(self.weights))
        flat = picture.reshape(3, -1) - 0.5
        return (flat @ self.weights.T).reshape(3, side, side) * self.contrast + 0.5 + self.added

    def back(self, slope: np.ndarray) -> np.ndarray:
        side = math.isqrt(self.weights.shape[1])
        return ((slope * self.contrast).reshape(3, -1) @ self.weights).reshape(3, side, side)


@cache
def bilinear(numbers: tuple[float, ...], canvas: int, view: int) -> np.ndarray:
    """The weights of an affine look (its matrix row by row), column by column as SciPy interpolates a picture of one pixel; nothing outside."""
    matrix = np.reshape(numbers, (3, 3))
    linear, middle = matrix[:2, :2], np.array([(canvas - 1) / 2] * 2)
    offset = matrix[:2, 2] + middle - linear @ np.array([(view - 1) / 2] * 2)
    points = np.eye(canvas * canvas).reshape(-1, canvas, canvas)
    looks = [scipy.ndimage.affine_transform(point, linear, offset, (view, view), order=1, mode="grid-constant") for point in points]
    return np.stack(looks).reshape(len(points), -1).T


class Fourier:
    """x = sigmoid(C irfft2(s z)), s a quarter of 1 / max(f, 1 / side)."""

    def __init__(self, side: int) -> None:
        frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
        self.side, self.scale = side, 0.25 / np.maximum(frequency, 1 / side)
        self.twice = np.full(side // 2 + 1, 2.0)
        self.twice[[0, -1]] = 1
        self.colour = np.array(COLOUR).T

    def draw(self, z: np.ndarray) -> np.ndarray:
        planes = np.fft.irfft2((z[..., 0] + 1j * z[..., 1]) * self.scale, s=(self.side, self.side), norm="ortho")
        return np.asarray(1 / (1 + np.exp(-np.einsum("cp,phw->chw", self.colour, planes))))

    def back(self, z: np.ndarray, slope: np.ndarray) -> np.ndarray:
        x = self.draw(z)
        planes = np.einsum("cp,chw->phw", self.colour, slope * x * (1 - x))
        half = np.fft.rfft2(planes, norm="ortho") * self.twice * self.scale
        return np.stack([half.real, half.imag], -1)

    def write(self, x: np.ndarray) -> np.ndarray:
        planes = np.einsum("pc,chw->phw", np.linalg.inv(self.colour), np.log(x / (1 - x)))
        half = np.fft.rfft2(planes, norm="ortho") / self.scale
        return np.stack([half.real, half.imag], -1)


class Pixels:
    """x = 1/2 + z, kept in range."""

    def draw(self, z: np.ndarray) -> np.ndarray:
        return np.clip(z + 0.5, 0, 1)

    def back(self, z: np.ndarray, slope: np.ndarray) -> np.ndarray:
        return slope


def climbed(
    canvas: Fourier | Pixels,
    start: np.ndarray,
    slope: Slope,
    looks: Callable[[int], Sequence[Seen]],
    penalty: Slope,
    steps: int,
    rate: float,
    betas: tuple[float, float],
    cosine: bool = False,
) -> np.ndarray:
    """The picture after `steps` of Adam; `slope` of what is raised at a view, `penalty` at the picture."""
    z, first, second, size = start.astype(float), 0.0, 0.0, 0.0
    for step in range(steps):
        x = canvas.draw(z)
        seen = looks(step)
        uphill = sum(one.back(slope(one.view(x))) for one in seen) / len(seen) - penalty(x)
        gradient = canvas.back(z, uphill)
        size = size or math.sqrt((gradient**2).mean())
        gradient = gradient / size
        first, second = betas[0] * first + (1 - betas[0]) * gradient, betas[1] * second + (1 - betas[1]) * gradient**2
        falling = (1 + math.cos(math.pi * step / steps)) / 2 if cosine else 1.0
        mean, spread = first / (1 - betas[0] ** (step + 1)), np.sqrt(second / (1 - betas[1] ** (step + 1)))
        z = z + falling * rate * mean / (spread + 1e-8)
        z = np.clip(z, -0.5, 0.5) if isinstance(canvas, Pixels) else z
    return canvas.draw(z)
