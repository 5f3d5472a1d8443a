"""The default viewer: a bank of oriented energies and coarse colour, which has learned nothing and needs no download.

Energies of quadrature pairs at 4 scales and 6 orientations in 3 opponent channels, pooled to 8 x 8, and mean colour on the
same grid (after the set-up of `SCIENCE` section 9; the filters are log-Gabor, Field 1987, so that none answers to a constant).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

SIDE = 64
POOLED = 8
FREQUENCIES = (1 / 4, 1 / 8, 1 / 16, 1 / 32)
ORIENTATIONS = 6
CHUNK = 16
"""Patches looked at together: enough work for two threads, and their responses are still near the processor."""
OCTAVES = 0.65
"""Ratio of the radial Gaussian's width to its centre, as log-Gabors are given: about 1.4 octaves."""

OPPONENT = ((3**-0.5, 3**-0.5, 3**-0.5), (2**-0.5, -(2**-0.5), 0.0), (6**-0.5, 6**-0.5, -2 * 6**-0.5))
"""Luminance, red against green, yellow against blue: orthonormal."""


@dataclass(frozen=True, slots=True)
class Bank:
    """Looks at patches of 64 x 64 pixels and gives 4,800 features of each (1,600 for gray ones)."""

    name: str = "bank"
    side: int = SIDE

    def features(self, patches: UInt8[np.ndarray, "patch height width channel"]) -> Float[np.ndarray, "patch feature"]:
        """Square roots of pooled energies, and coarse colour; [patch, feature]. About 2 ms a patch on one thread."""
        with torch.no_grad():
            return torch.cat([_seen(torch.from_numpy(patches[start : start + CHUNK])) for start in range(0, len(patches), CHUNK)]).numpy()


def _seen(patches: Tensor) -> Tensor:
    images = patches.permute(0, 3, 1, 2).float() / 255
    opponent = images if images.shape[1] == 1 else torch.einsum("oc,bchw->bohw", torch.tensor(OPPONENT), images)
    colour = torch.nn.functional.adaptive_avg_pool2d(opponent, POOLED)
    spectrum = torch.fft.fft2(opponent - opponent.mean(dim=(2, 3), keepdim=True))
    energies = [_energies(spectrum, scale) for scale in range(len(FREQUENCIES))]
    # Each kind of feature has the same say, whatever its range.
    return torch.cat([_level(part.flatten(1)) for part in (*energies, colour)], dim=1)


def _energies(spectrum: Tensor, scale: int) -> Tensor:
    """sqrt of pooled |response|^2 of one scale, [patch, channel, orientation, 8, 8]; coarse scales on a cropped spectrum."""
    side, filters = _filters(scale)
    filtered = _crop(spectrum, side)[:, :, None] * filters
    # Axis by axis, and real and imaginary parts squared in place and summed together: half the time of `ifft2` and a pooled modulus.
    responses = torch.fft.ifft(torch.fft.ifft(filtered, dim=-2), dim=-1)
    power = torch.view_as_real(responses).flatten(-2).square_()
    pooled = power.unflatten(-1, (POOLED, -1)).sum(-1).unflatten(-2, (POOLED, -1)).sum(-2)
    seen: Tensor = pooled.sqrt_() * ((side / SIDE) ** 2 / (side / POOLED))
    return seen


@lru_cache(maxsize=8)
def _filters(scale: int) -> tuple[int, Tensor]:
    """One-sided log-Gabor transfer functions [orientation, side, side] on the part of the spectrum that they reach."""
    centre = FREQUENCIES[scale]
    side = SIDE if scale == 0 else max(16, SIDE >> scale)
    frequency = torch.fft.fftfreq(side) * side / SIDE
    rows, columns = torch.meshgrid(frequency, frequency, indexing="ij")
    radius = torch.hypot(rows, columns)
    radial = torch.exp(-(torch.log(radius.clamp_min(1e-6) / centre) ** 2) / (2 * math.log(OCTAVES) ** 2))
    radial[0, 0] = 0
    angles = torch.atan2(rows, columns)
    filters = []
    for orientation in range(ORIENTATIONS):
        difference = angles - math.pi * orientation / ORIENTATIONS
        difference = torch.atan2(difference.sin(), difference.cos())
        filters.append(radial * torch.exp(-(difference**2) / (2 * (math.pi / ORIENTATIONS * 0.6) ** 2)))
    return side, torch.stack(filters)


def _crop(spectrum: Tensor, side: int) -> Tensor:
    """The lowest `side` frequencies of each axis."""
    if side == spectrum.shape[-1]:
        return spectrum
    half = side // 2
    rows = torch.cat([spectrum[..., :half, :], spectrum[..., -half:, :]], dim=-2)
    return torch.cat([rows[..., :half], rows[..., -half:]], dim=-1)


def _level(part: Tensor) -> Tensor:
    return part / math.sqrt(part.shape[1])
