"""The orthonormal inverse real Fourier transform in two dimensions, differentiable in real and imaginary parts."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def real_inverse(coefficients: Float[Tensor, "row channel rows half 2"], height: int, width: int) -> Float[Tensor, "row channel height width"]:
    """irfft2 with `norm="ortho"`: with "backward", torch's default, every picture would be sqrt(height width) times flatter."""
    planes: Tensor = torch.fft.irfft2(torch.view_as_complex(coefficients), s=(height, width), norm="ortho")
    return planes
