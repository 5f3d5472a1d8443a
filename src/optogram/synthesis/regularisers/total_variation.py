"""A penalty on differences between neighbouring pixels."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, slots=True)
class total_variation:  # noqa: N801  (a registry's object has its file's name)
    """weight sum |x[i + 1] - x[i]|^power over rows and columns (Mahendran & Vedaldi 2015 with power 2; anisotropic)."""

    weight: float = 1e-3
    power: float = 2.0

    def penalty(self, images: Float[Tensor, "row channel height width"], start: Float[Tensor, "row channel height width"]) -> Float[Tensor, " row"]:
        """The penalty of each row."""
        down, across = images[:, :, 1:] - images[:, :, :-1], images[:, :, :, 1:] - images[:, :, :, :-1]
        if self.power == 2:
            return self.weight * (down.square().sum((1, 2, 3)) + across.square().sum((1, 2, 3)))
        return self.weight * (down.abs().pow(self.power).sum((1, 2, 3)) + across.abs().pow(self.power).sum((1, 2, 3)))
