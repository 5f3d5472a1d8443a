"""The salmon's table: what each way of correcting calls active, for voxels of a scan and for units of a network alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from optogram.lab._scan import t_of
from optogram.statistics import permutation
from optogram.statistics.multiplicity import adjust
from optogram.statistics.random_field import bonferroni, box_resels, threshold

LEVEL, UNCORRECTED = 0.05, 0.001
SPACELESS = ("uncorrected", "FDR", "Bonferroni", "max-T")
"""Those that need no space between the tests: for units."""
IN_SPACE = ("uncorrected", "FDR", "random field n", "random field n-1", "Bonferroni", "least of both", "max-T")
"""For voxels: uncorrected ones in groups of three at least; random fields with resels n / FWHM and (n - 1) / FWHM; the lesser of n and Bonferroni."""


@dataclass(frozen=True)
class ManyT:
    """Many t at once: data [row, test] of length 1 each, the effect's direction of length 1, degrees of freedom."""

    reduced: Float[np.ndarray, "row test"]
    direction: Float[np.ndarray, " row"]
    df: int

    @property
    def t(self) -> Float[np.ndarray, " test"]:
        """The t of each."""
        return np.asarray(t_of(self.reduced, self.direction[None], self.df)[0], np.float64)

    def greatest(self, draws: int, seed: int) -> Float[np.ndarray, " draw"]:
        """The greatest t over all tests in each of so many permutations of the rows, in which all tests stay together."""
        rng = np.random.default_rng(seed)
        directions = np.stack([rng.permutation(self.direction) for _ in range(draws)])
        return np.asarray(t_of(self.reduced, directions, self.df).max(axis=1), np.float64)


def fixed_heights(tests: int, df: int, shape: Sequence[int] = (), fwhm: float = 1.0) -> dict[str, float]:
    """The heights that don't depend on the data, by method; random fields where there is a `shape`."""
    heights = {"uncorrected": float(stats.t.isf(UNCORRECTED, df)), "Bonferroni": bonferroni(tests, df, LEVEL)}
    if shape:
        heights["random field n"] = threshold(box_resels(shape, fwhm), df, LEVEL)
        heights["random field n-1"] = threshold(box_resels(shape, fwhm, "lattice"), df, LEVEL)
        heights["least of both"] = min(heights["random field n"], heights["Bonferroni"])
    return heights


def called(tests: ManyT, heights: Mapping[str, float], draws: int, seed: int) -> dict[str, Bool[np.ndarray, " test"]]:
    """What each method calls active: beyond its height, by Benjamini-Hochberg, or beyond the greatest of permutations (one-sided)."""
    t = tests.t
    found = {name: np.asarray(t > height) for name, height in heights.items()}
    found["FDR"] = np.asarray(adjust(stats.t.sf(t, tests.df)) <= LEVEL)
    found["max-T"] = np.asarray(t > permutation.reach(tests.greatest(draws, seed), LEVEL))
    return found
