"""Shrinks the picture towards gray after each step."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, slots=True)
class decay:  # noqa: N801  (a registry's object has its file's name)
    """z <- (1 - share) z (Yosinski et al. 2015, theta_decay). With steps z <- z + r g a linear unit's picture is r (1 - share) / share w."""

    share: float = 0.01

    def after(
        self, deviations: Float[Tensor, "row channel height width"], gradient: Float[Tensor, "row channel height width"], step: int
    ) -> Float[Tensor, "row channel height width"]:
        """The shrunken deviations."""
        return deviations * (1 - self.share)
