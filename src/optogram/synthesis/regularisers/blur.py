"""Blurs the picture after every n steps, which starves high frequencies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError


@dataclass(frozen=True, slots=True)
class blur:  # noqa: N801  (a registry's object has its file's name)
    """z <- G_sigma z after the steps 0, every, 2 every ... (Yosinski et al. 2015, theta_b). Sigma in pixels; under .3 works poorly.

    The Gaussian ends at four sigma and mirrors the picture at its border, edge pixels twice, as `scipy.ndimage.gaussian_filter` does.
    """

    sigma: float = 0.5
    every: int = 4

    def __post_init__(self) -> None:
        if self.sigma <= 0 or self.every < 1:
            raise SettingError(f"blur needs a sigma above 0 and an interval of at least 1 step; got sigma={self.sigma}, every={self.every}")

    def after(
        self, deviations: Float[Tensor, "row channel height width"], gradient: Float[Tensor, "row channel height width"], step: int
    ) -> Float[Tensor, "row channel height width"]:
        """The blurred deviations, at the steps whose turn it is."""
        if step % self.every:
            return deviations
        blurred = matrix(deviations.shape[2], self.sigma).to(deviations) @ deviations
        return blurred @ matrix(deviations.shape[3], self.sigma).to(deviations).T


@lru_cache(maxsize=16)
def matrix(side: int, sigma: float) -> Float[Tensor, "side side"]:
    """One axis of the blur as a matrix; with the border's mirror in it, so that pictures smaller than the kernel are no special case."""
    reach = int(4 * sigma + 0.5)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    period = 2 * side
    places = (torch.arange(side)[:, None] + torch.arange(-reach, reach + 1)[None]) % period
    places = torch.where(places < side, places, period - 1 - places)
    weights = F.one_hot(places, side).to(torch.float64)
    return ((kernel / kernel.sum())[None, :, None] * weights).sum(1).float()
