"""Shifts the view by whole pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optogram.synthesis.transforms._transform import Matrix, identity


@dataclass(frozen=True, slots=True)
class jitter:  # noqa: N801  (a registry's object has its file's name)
    """Rows and columns move by a whole number of pixels each, uniform over `pixels` values around none."""

    pixels: int = 8

    @property
    def margin(self) -> int:
        """None."""
        return 0

    def draw(self, random: np.random.Generator) -> Matrix:
        """A shift."""
        matrix = identity()
        matrix[:2, 2] = random.integers(0, max(self.pixels, 1), 2) - self.pixels // 2
        return matrix

    def scaled(self, factor: float) -> jitter:
        """Fewer pixels on a smaller canvas."""
        return jitter(round(self.pixels * factor))
