"""What a transform is: a random affine map from the pixels that the network sees to the pixels of the canvas."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from torch import Tensor

Matrix = Float[np.ndarray, "3 3"]


@runtime_checkable
class Transform(Protocol):
    """A frozen dataclass whose fields are its settings.

    Coordinates are (row, column, 1) in pixels from the middle of the picture. All transforms of a step are multiplied into
    one map, so that a picture is resampled once, however many there are.
    """

    @property
    def margin(self) -> int:
        """How many pixels wider the network's view becomes on each side, where it may choose its size."""

    def draw(self, random: np.random.Generator) -> Matrix:
        """One random map from a pixel after the transform to the pixel before it that shows there."""

    def scaled(self, factor: float) -> Transform:
        """The same transform for a canvas `factor` times as large (amounts in pixels and angles shrink on small canvases)."""


@runtime_checkable
class Alteration(Protocol):
    """A transform of the pixels' values, not their places: it also has the methods above, with a map that changes nothing."""

    def alter(self, images: Float[Tensor, "row channel height width"], random: np.random.Generator) -> Float[Tensor, "row channel height width"]:
        """What the network sees instead, differentiable; the same draw for every picture of the batch. Comes after all maps."""


@runtime_checkable
class Scheduled(Protocol):
    """A transform that changes on the way."""

    def at(self, share: float) -> Transform:
        """The transform when so much of the climb is done, 0..1."""


@runtime_checkable
class Fitted(Protocol):
    """A transform that needs to know the sizes at hand."""

    def fitted(self, canvas: tuple[int, int], view: tuple[int, int]) -> Transform:
        """The transform for a canvas and a view of these heights and widths."""


def identity() -> Matrix:
    """Changes nothing."""
    return np.eye(3)
