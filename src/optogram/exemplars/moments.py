"""What is known of the responses of a site's units without looking at a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Moments:
    """Of each unit's responses (a response is a photograph's neuron with the greatest value).

    `mean`, `sd`, `zero` (the share that is exactly zero) and `quantiles` [level, unit] are over the panel; `least` and
    `greatest` over every photograph of the sweep; `average` is over all neurons of the panel's photographs.
    """

    mean: Float[np.ndarray, " unit"]
    sd: Float[np.ndarray, " unit"]
    zero: Float[np.ndarray, " unit"]
    least: Float[np.ndarray, " unit"]
    greatest: Float[np.ndarray, " unit"]
    average: Float[np.ndarray, " unit"]
    quantiles: Float[np.ndarray, "level unit"]
    levels: tuple[float, ...] = QUANTILES

    @property
    def constant(self) -> Bool[np.ndarray, " unit"]:
        """Units that gave the same response to every photograph: nothing drives them more than anything else."""
        return np.asarray(self.least == self.greatest)


def moments(
    responses: Float[np.ndarray, "photo unit"],
    averages: Float[np.ndarray, "photo unit"],
    least: Float[np.ndarray, " unit"],
    greatest: Float[np.ndarray, " unit"],
    levels: Sequence[float] = QUANTILES,
) -> Moments:
    """From the panel's responses and means and the extremes over all photographs; computed in float64. An empty panel gives NaN."""
    if len(responses) == 0:
        gap = np.full(responses.shape[1], np.nan)
        return Moments(gap, gap, gap, least, greatest, gap, np.full((len(levels), len(gap)), np.nan), tuple(levels))
    exact = responses.astype(np.float64)
    return Moments(
        mean=exact.mean(0),
        sd=exact.std(0, ddof=1) if len(exact) > 1 else np.zeros(exact.shape[1]),
        zero=(responses == 0).mean(0),
        least=least,
        greatest=greatest,
        average=averages.astype(np.float64).mean(0),
        quantiles=np.quantile(exact, levels, axis=0),
        levels=tuple(levels),
    )
