"""Sets pixels of small norm to gray: a picture that is sparse where it does not matter."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.regularisers._regulariser import reaching


@dataclass(frozen=True, slots=True)
class small_norm:  # noqa: N801  (a registry's object has its file's name)
    """z <- 0 where the norm over channels is below the picture's percentile (Yosinski et al. 2015, theta_n_pct)."""

    percentile: float = 50.0

    def after(
        self, deviations: Float[Tensor, "row channel height width"], gradient: Float[Tensor, "row channel height width"], step: int
    ) -> Float[Tensor, "row channel height width"]:
        """The deviations of the larger pixels."""
        return deviations * reaching(torch.linalg.vector_norm(deviations, dim=1), self.percentile)
