"""Enlarges or shrinks the picture about its middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optogram.synthesis.transforms._transform import Matrix


@dataclass(frozen=True, slots=True)
class scale:  # noqa: N801  (a registry's object has its file's name)
    """The picture appears between `low` and `high` times as large, uniformly."""

    low: float = 0.9
    high: float = 1.1

    @property
    def margin(self) -> int:
        """None."""
        return 0

    def draw(self, random: np.random.Generator) -> Matrix:
        """A division of coordinates: where the picture is larger, the view reads nearer to the middle."""
        size = random.uniform(self.low, self.high)
        return np.diag([1 / size, 1 / size, 1.0])

    def scaled(self, factor: float) -> scale:
        """Nearer to 1 on a smaller canvas."""
        return scale(1 + (self.low - 1) * factor, 1 + (self.high - 1) * factor)
