"""Turns the picture about its middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optogram.synthesis.transforms._transform import Matrix, identity


@dataclass(frozen=True, slots=True)
class rotate:  # noqa: N801  (a registry's object has its file's name)
    """The picture turns by an angle uniform within plus or minus `degrees`."""

    degrees: float = 10.0

    @property
    def margin(self) -> int:
        """None."""
        return 0

    def draw(self, random: np.random.Generator) -> Matrix:
        """A rotation of coordinates."""
        angle = np.deg2rad(random.uniform(-self.degrees, self.degrees))
        matrix = identity()
        matrix[:2, :2] = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        return matrix

    def scaled(self, factor: float) -> rotate:
        """Smaller angles on a smaller canvas."""
        return rotate(self.degrees * factor)
