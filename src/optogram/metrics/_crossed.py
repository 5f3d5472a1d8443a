"""The mean of a table of photographs by draws (twins, classes), with limits that hold for other photographs and other draws.

Photographs and draws are crossed: each photograph is seen in every twin. The variance of the mean is taken as that of the photographs'
means over their number plus that of the draws' means over theirs, which counts what is left over twice and so errs on the wide side.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special


def crossed_mean(table: Float[np.ndarray, "photo draw"], level: float = 0.95) -> tuple[float, float, float]:
    """Mean, low, high; NaN entries are left out. Student's t on the degrees of freedom of the shorter side that has more than one.

    Limits are NaN where there is but one number.
    """
    mean, error, freedom = _error(table)
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * error if freedom else float("nan")
    return mean, mean - half, mean + half


def crossed_p(table: Float[np.ndarray, "photo draw"], limit: float) -> float:
    """p of the null that the mean is `limit` or more, by the same variance and degrees of freedom; NaN where there is but one number."""
    mean, error, freedom = _error(table)
    if not freedom:
        return float("nan")
    return float(special.stdtr(freedom, (mean - limit) / error)) if error > 0 else float(mean >= limit)


def _error(table: Float[np.ndarray, "photo draw"]) -> tuple[float, float, int]:
    """The mean, its standard error and the degrees of freedom (0: there is but one number, or none)."""
    known = np.isfinite(table)
    if not known.any():
        return float("nan"), float("nan"), 0
    variance, freedom = 0.0, []
    for axis in (0, 1):
        counts = known.sum(axis=1 - axis)
        means = np.where(known, table, 0).sum(axis=1 - axis)[counts > 0] / counts[counts > 0]
        if len(means) > 1:
            variance += float(means.var(ddof=1)) / len(means)
            freedom.append(len(means) - 1)
    return float(table[known].mean()), variance**0.5, min(freedom, default=0)
