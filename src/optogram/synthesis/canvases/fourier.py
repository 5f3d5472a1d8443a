"""Fourier coefficients with decorrelated colour: each frequency is weighted as in natural images, so that pictures are not noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.canvases._canvas import Parameters, noise
from optogram.synthesis.canvases._inverse import real_inverse
from optogram.synthesis.optimisers import Adam, Optimiser

COLOUR = ((0.56282854, 0.5844758, 0.5844758), (0.19482528, 0.0, -0.19482528), (0.0432945, -0.10823626, 0.06494176))
"""Rows: how a step along luminance, orange-blue and green-purple changes red, green and blue (from natural images' covariance)."""
GRAY = sum(COLOUR[0]) / 3


@dataclass(frozen=True, slots=True)
class fourier:  # noqa: N801  (a registry's object has its file's name)
    """x = sigmoid(C irfft2(s z) / 4), z the parameters, s = 1 / max(f, 1 / max(height, width))^decay, C the colour matrix.

    Follows Lucid (Olah, Mordvintsev & Schubert 2017): the transform is orthonormal and z starts as N(0, `deviation`). Gray
    pictures take the luminance axis alone. Costs one inverse FFT a picture; memory of four pictures.
    """

    deviation: float = 0.01
    decay: float = 1.0
    rate: float = 0.05
    name: str = field(default="fourier", init=False)

    @property
    def optimiser(self) -> Optimiser:
        """Adam with step `rate`."""
        return Adam(self.rate)

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Real and imaginary parts, [row, channel, height, width // 2 + 1, 2]."""
        return [noise(generators, (channels, height, width // 2 + 1, 2), self.deviation)]

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1."""
        (coefficients,) = parameters
        weights = spectrum(height, width, self.decay).to(coefficients.device)
        planes = real_inverse(coefficients * weights, height, width)
        return torch.sigmoid(coloured(planes))

    def project(self, parameters: Parameters) -> None:
        """Nothing: every coefficient is allowed."""


@lru_cache(maxsize=16)
def spectrum(height: int, width: int, decay: float = 1.0) -> Float[Tensor, "height half 1"]:
    """The weight of each coefficient, a quarter of 1 / max(f, 1 / max(height, width))^decay, f in cycles a pixel."""
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = torch.sqrt(rows**2 + columns**2).clamp_min(1 / max(height, width))
    return (frequency**-decay / 4)[:, :, None]


def coloured(planes: Float[Tensor, "row channel height width"]) -> Float[Tensor, "row channel height width"]:
    """From decorrelated planes to red, green and blue; one plane stays gray, other numbers of channels stay as they are."""
    if planes.shape[1] != 3:
        return planes * GRAY
    matrix = torch.tensor(COLOUR, dtype=planes.dtype, device=planes.device).T
    return torch.matmul(matrix, planes.flatten(2)).view(planes.shape)
