"""How alike two maps are: Spearman of their magnitudes, and structural similarity (SSIM)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.statistics.correlation import spearman_paired

SIMILARITIES = ("spearman", "ssim")
WINDOW, SIGMA = 11, 1.5
STABLE = (0.01, 0.03)
"""Constants of SSIM, as shares of the range (Wang et al. 2004)."""


def alike(one: Float[Tensor, "batch height width"], other: Float[Tensor, "batch height width"], by: str = "spearman") -> Float[Tensor, "batch"]:
    """Likeness of each pair of maps, 1 if they are the same; NaN where one of them is constant."""
    if by not in SIMILARITIES:
        raise SettingError(f'similarity is one of {", ".join(SIMILARITIES)}; got "{by}"')
    return spearman(one, other) if by == "spearman" else ssim(one, other)


def spearman(one: Float[Tensor, "batch height width"], other: Float[Tensor, "batch height width"]) -> Float[Tensor, "batch"]:
    """Rank correlation of the magnitudes, over the pixels where at least one of the two maps is not 0.

    Pixels that neither map speaks of (outside the unit's field) would count as agreement, and make any two maps of a small field alike.
    """
    pairs = [maps.detach().abs().flatten(1).cpu().double().numpy() for maps in (one, other)]
    found = []
    for first, second in zip(*pairs, strict=True):
        spoken = (first != 0) | (second != 0)
        known = spoken.sum() > 1 and first.any() and second.any()
        found.append(_rank_correlation(first[spoken], second[spoken]) if known else np.nan)
    return torch.tensor(found, dtype=torch.float32, device=one.device)


def _rank_correlation(first: Float[np.ndarray, " pixel"], second: Float[np.ndarray, " pixel"]) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(spearman_paired(first[:, None], second[:, None])[0])


def ssim(one: Float[Tensor, "batch height width"], other: Float[Tensor, "batch height width"]) -> Float[Tensor, "batch"]:
    """Mean SSIM of the magnitudes, each map scaled to 0..1; Gaussian window of 11 pixels, standard deviation 1.5 (Wang et al. 2004).

    The window's border is left out, as in the paper; maps smaller than the window use one that fits.
    """
    first, second = _scaled(one), _scaled(other)
    reach = min(WINDOW, *(side - 1 + side % 2 for side in one.shape[1:])) // 2
    steps = torch.arange(-reach, reach + 1, dtype=first.dtype, device=first.device)
    line = torch.exp(-0.5 * (steps / SIGMA) ** 2)
    window = torch.outer(line, line)[None, None] / line.sum() ** 2
    stacked = torch.stack((first, second, first * first, second * second, first * second), dim=1)
    a, b, aa, bb, ab = F.conv2d(stacked, window.expand(5, 1, -1, -1), groups=5).unbind(dim=1)
    small, large = (share**2 for share in STABLE)
    contrast = (2 * (ab - a * b) + large) / (aa - a * a + bb - b * b + large)
    found = ((2 * a * b + small) / (a * a + b * b + small) * contrast).mean(dim=(1, 2))
    return found.to(torch.float32)


def _scaled(maps: Tensor) -> Tensor:
    """Magnitudes from 0 to 1; a constant map becomes NaN."""
    size = maps.detach().double().abs()
    low, high = size.amin(dim=(1, 2), keepdim=True), size.amax(dim=(1, 2), keepdim=True)
    return torch.where(high > low, (size - low) / (high - low), torch.nan)
