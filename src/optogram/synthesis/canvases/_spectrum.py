"""Fourier coefficients, weighted as in natural images, and the pictures that they stand for."""

from __future__ import annotations

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.canvases._colour import decorrelated


@lru_cache(maxsize=16)
def spectrum(height: int, width: int, decay: float = 1.0) -> Float[Tensor, "height half 1"]:
    """The weight of each coefficient, a quarter of 1 / max(f, 1 / max(height, width))^decay, f in cycles a pixel."""
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = torch.sqrt(rows**2 + columns**2).clamp_min(1 / max(height, width))
    return (frequency**-decay / 4)[:, :, None]


def real_inverse(coefficients: Float[Tensor, "row channel rows half 2"], height: int, width: int) -> Float[Tensor, "row channel height width"]:
    """irfft2 with `norm="ortho"`: with "backward", torch's default, every picture would be sqrt(height width) times flatter."""
    planes: Tensor = torch.fft.irfft2(torch.view_as_complex(coefficients), s=(height, width), norm="ortho")
    return planes


def written(images: Float[Tensor, "row channel height width"], decay: float) -> list[Tensor]:
    """The coefficients of these pictures, real and imaginary parts last; pixels nearer than .01 to black or white are written there."""
    coefficients = torch.view_as_real(torch.fft.rfft2(decorrelated(images), norm="ortho").contiguous())
    return [coefficients / spectrum(images.shape[2], images.shape[3], decay).to(coefficients)]
