"""A penalty on the distance from where the picture began: middle gray, or the photograph."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, slots=True)
class l2:  # noqa: N801  (a registry's object has its file's name)
    """weight / 2 sum (x - x0)^2, x0 middle gray (Simonyan, Vedaldi & Zisserman 2013) or an image canvas's photograph.

    The optimum for a linear neuron <w, x> is x0 + w / weight on any canvas that can draw it, as long as no pixel leaves 0..1.
    """

    weight: float = 1.0

    def penalty(self, images: Float[Tensor, "row channel height width"], start: Float[Tensor, "row channel height width"]) -> Float[Tensor, " row"]:
        """The penalty of each row."""
        return self.weight / 2 * (images - start).square().sum((1, 2, 3))
