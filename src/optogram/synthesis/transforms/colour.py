"""Changes contrast and brightness of each channel, so that a picture does not depend on exact colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.transforms._transform import Matrix, identity


@dataclass(frozen=True, slots=True)
class colour:  # noqa: N801  (a registry's object has its file's name)
    """(x - 1/2) e^a + 1/2 + b, a ~ N(0, `gain`^2) and b ~ N(0, `shift`^2) for each channel (after Ghiasi et al. 2022)."""

    gain: float = 0.2
    shift: float = 0.1

    @property
    def margin(self) -> int:
        """None."""
        return 0

    def draw(self, random: np.random.Generator) -> Matrix:
        """Places stay."""
        return identity()

    def alter(self, images: Float[Tensor, "row channel height width"], random: np.random.Generator) -> Float[Tensor, "row channel height width"]:
        """The images with other colours; values may leave 0..1."""
        draws = torch.from_numpy(random.standard_normal((2, images.shape[1], 1, 1), dtype=np.float32)).to(images)
        return (images - 0.5) * torch.exp(self.gain * draws[0]) + 0.5 + self.shift * draws[1]

    def scaled(self, factor: float) -> colour:
        """The same: values do not depend on the canvas's size."""
        return self
