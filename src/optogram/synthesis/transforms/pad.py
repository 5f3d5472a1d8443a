"""Widens the view by a border of middle gray, so that the picture's edges are seen inside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optogram.synthesis.transforms._transform import Matrix, identity


@dataclass(frozen=True, slots=True)
class pad:  # noqa: N801  (a registry's object has its file's name)
    """`pixels` of gray on every side. Where the network's input has a fixed size, the border is what jitter and scale let in."""

    pixels: int = 12

    @property
    def margin(self) -> int:
        """The border's width."""
        return self.pixels

    def draw(self, random: np.random.Generator) -> Matrix:
        """The middle stays the middle."""
        return identity()

    def scaled(self, factor: float) -> pad:
        """A narrower border round a smaller canvas."""
        return pad(round(self.pixels * factor))
