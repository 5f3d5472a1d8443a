"""Fourier coefficients with decorrelated colour: each frequency is weighted as in natural images, so that pictures are not noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.canvases._canvas import Parameters, noise
from optogram.synthesis.canvases._colour import coloured
from optogram.synthesis.canvases._spectrum import real_inverse, spectrum, written
from optogram.synthesis.optimisers import Adam, Optimiser


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

    def write(self, images: Float[Tensor, "row channel height width"]) -> Parameters:
        """The coefficients of these pictures; pixels nearer than .01 to black or white are written there."""
        return written(images, self.decay)
