"""Sets pixels that contribute little to gray."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.regularisers._regulariser import reaching


@dataclass(frozen=True, slots=True)
class small_contribution:  # noqa: N801  (a registry's object has its file's name)
    """z <- 0 where |sum over channels of gradient z| is below the picture's percentile (Yosinski et al. 2015, theta_c_pct).

    The product is, to first order, what setting the pixel to gray would cost.
    """

    percentile: float = 50.0

    def after(
        self, deviations: Float[Tensor, "row channel height width"], gradient: Float[Tensor, "row channel height width"], step: int
    ) -> Float[Tensor, "row channel height width"]:
        """The deviations of the pixels that matter more."""
        return deviations * reaching((deviations * gradient).sum(1).abs(), self.percentile)
