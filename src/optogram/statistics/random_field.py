"""How high a smooth random field rises by chance: the expected Euler characteristic above a threshold (Friston 1994, Worsley 1996).

Above a high threshold a smooth field of noise consists of a few hills, and the expected number of hills (exactly: the expected Euler
characteristic of what rises above) bounds the chance that there is any. For a box it is the sum over dimensions d of resels_d times the
density rho_d of the field, where a resel is a block of one FWHM on each side:

    resels of a box of a, b, c FWHM:  1,  a + b + c,  ab + bc + ca,  abc
    Gaussian:  rho_0 = P(Z > z),  rho_1 = (4 ln 2)^(1/2) / (2 pi) e,  rho_2 = (4 ln 2) / (2 pi)^(3/2) z e,
               rho_3 = (4 ln 2)^(3/2) / (2 pi)^2 (z^2 - 1) e,  e = exp(-z^2 / 2)
    Student's t with n degrees of freedom alike, with e = (1 + t^2 / n)^(-(n - 1) / 2)

It is here for teaching: it needs a stationary, well sampled, Gaussian field, and is conservative at little smoothness, where Bonferroni is better.
Prefer `permutation.max_t`, which needs none of that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import optimize, special, stats

from optogram.errors import SettingError

Count = Literal["voxels", "lattice"]


def box_resels(shape: Sequence[int], fwhm: float, count: Count = "voxels") -> Float[np.ndarray, " dimension"]:
    """Resels of a box in every dimension, 0 first; `fwhm` in voxels.

    Two conventions: "voxels" takes a side of n voxels as n / FWHM resels long, "lattice" as (n - 1) / FWHM, the distance between the
    outermost voxels' centres, as SPM does. Raises `SettingError` for a smoothness that is not positive.
    """
    if not fwhm > 0:
        raise SettingError(f"a field's smoothness is a positive width, in voxels; got FWHM {fwhm:g}.")
    sides = [(side - (count == "lattice")) / fwhm for side in shape]
    resels = np.ones(1)
    for side in sides:
        resels = np.convolve(resels, [1.0, side])
    return resels


def densities(threshold: float, dimensions: int, df: float | None = None) -> Float[np.ndarray, " dimension"]:
    """rho_0 to rho_3 of a Gaussian field (`df` None) or of Student's t, as many as asked for."""
    root, around = math.sqrt(4 * math.log(2)), 2 * math.pi
    if df is None:
        tail, bump, slope, curve = special.ndtr(-threshold), math.exp(-(threshold**2) / 2), threshold, threshold**2 - 1
    else:
        tail, bump = float(stats.t.sf(threshold, df)), (1 + threshold**2 / df) ** (-(df - 1) / 2)
        slope = threshold * math.exp(special.gammaln((df + 1) / 2) - special.gammaln(df / 2)) / math.sqrt(df / 2)
        curve = (df - 1) / df * threshold**2 - 1
    return np.array([tail, root / around * bump, root**2 / around**1.5 * slope * bump, root**3 / around**2 * curve * bump][: dimensions + 1])


def expected_euler(threshold: float, resels: Float[np.ndarray, " dimension"], df: float | None = None) -> float:
    """The expected Euler characteristic of what rises above the threshold: about the chance that anything does, where it is small."""
    return float(resels @ densities(threshold, len(resels) - 1, df))


def threshold(resels: Float[np.ndarray, " dimension"], df: float | None = None, level: float = 0.05) -> float:
    """The height that the field exceeds anywhere with a chance of about `level`."""
    return float(optimize.brentq(lambda height: expected_euler(height, resels, df) - level, 2.0, 60.0))


def bonferroni(tests: int, df: float | None = None, level: float = 0.05) -> float:
    """The height that one of so many tests exceeds with a chance of at most `level`, however they hang together."""
    return float(-special.ndtri(level / tests) if df is None else stats.t.isf(level / tests, df))
