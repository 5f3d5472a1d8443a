"""Adds normal noise to what the network sees, so that a picture cannot rest on faint patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.transforms._transform import Matrix, identity


@dataclass(frozen=True, slots=True)
class noise:  # noqa: N801  (a registry's object has its file's name)
    """x + N(0, `deviation`^2) at every pixel and channel; the same noise for every picture of a step."""

    deviation: float = 0.04

    @property
    def margin(self) -> int:
        """None."""
        return 0

    def draw(self, random: np.random.Generator) -> Matrix:
        """Places stay."""
        return identity()

    def alter(self, images: Float[Tensor, "row channel height width"], random: np.random.Generator) -> Float[Tensor, "row channel height width"]:
        """The noisy images."""
        grain = random.standard_normal(images.shape[1:], dtype=np.float32)
        return images + self.deviation * torch.from_numpy(grain).to(images)

    def scaled(self, factor: float) -> noise:
        """The same: values do not depend on the canvas's size."""
        return self
