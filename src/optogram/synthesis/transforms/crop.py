"""Shows the network a part of the picture, enlarged; the parts become smaller on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optogram.synthesis.transforms._transform import Matrix


@dataclass(frozen=True, slots=True)
class crop:  # noqa: N801  (a registry's object has its file's name)
    """A box whose sides are a share of the picture's, falling from `first` to `last` along the climb, enlarged to the view (Fel et al. 2023).

    Its centre is normal about the middle with a deviation of `spread` of the side, moved where the box would leave the picture, so
    that it never does (one published implementation does not, and fills with nothing). `least`: pixels that a box has at
    least on a side: 5 % of a small picture would be a few pixels.
    """

    first: float = 0.5
    last: float = 0.05
    spread: float = 0.15
    least: int = 24
    share: float | None = None
    canvas: tuple[int, int] = (1, 1)
    view: tuple[int, int] = (1, 1)

    @property
    def margin(self) -> int:
        """None."""
        return 0

    def at(self, share: float) -> crop:
        """The crop when so much of the climb is done."""
        return replace(self, share=share)

    def fitted(self, canvas: tuple[int, int], view: tuple[int, int]) -> crop:
        """The crop on a canvas and for a view of these sizes."""
        return replace(self, canvas=canvas, view=view)

    def draw(self, random: np.random.Generator) -> Matrix:
        """From the view's pixels to those of a box inside the picture."""
        part = self.first + (self.last - self.first) * (0.0 if self.share is None else self.share)
        sides = np.array([min(float(side), max(part * side, float(self.least))) for side in self.canvas])
        room = (np.array(self.canvas, dtype=float) - sides) / 2
        centre = np.clip(random.normal(0, self.spread, 2) * np.array(self.canvas), -room, room)
        enlarged = sides / np.array(self.view, dtype=float)
        matrix = np.diag([enlarged[0], enlarged[1], 1.0])
        matrix[:2, 2] = centre
        return matrix

    def scaled(self, factor: float) -> crop:
        """The same shares of a smaller canvas."""
        return self
