"""Gabor-like: a first layer's filter is a windowed wave, more so than its own spectrum with other phases, and than untrained filters.

Kernels of 7x7 and more; nine weights cannot hold a Gabor function's seven parameters. The effect is R^2 of the fitted function on the filter's best
single picture (SCIENCE 7). A filter with the same amplitude spectrum and phases of noise is the null: it has the same orientation and frequency,
and lacks what makes a Gabor function of them. Compared is the logarithm of the share that is left unexplained, each filter with the mean of its own
scrambled versions, and those among themselves, pooled over the site. A windowed blob is the slowest Gabor function; what is said of each
filter tells it apart. Weights are not sampled: the effect is exact, and its interval is the effect itself.
Cost: 20 fits a filter, 4 a twin's filter, about 10 ms each for 11x11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of, none_tested
from optogram.evidence._filters import Filters, filters
from optogram.evidence._view import SiteView
from optogram.physiology.gabor import LEAST_SIDE, Gabor, fit, scrambled
from optogram.statistics import permutation
from optogram.statistics.verdict import Words

DRAWS, DRAWS_OF_TWINS = 19, 3
"""Scrambled versions of each filter; of twins' filters, whose own test is only counted."""
LEAST_UNEXPLAINED = 1e-4
"""A better fit than this is as good as exact: float32 weights hold no more."""
HALF_A_CYCLE = 0.25
"""A window whose standard deviation is under this many cycles shows less than one wave: a blob or an edge."""


@dataclass(frozen=True, slots=True)
class GaborLike(Claim):
    """Filters against their phase-scrambled selves; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """R^2 of the fit, and how much less is unexplained than of the scrambled filters."""
        units = view.site.units
        pictures: Filters | None = view.recorded.get(filters.name)
        if pictures is None or min(pictures.shape[1:]) < LEAST_SIDE:
            note = "it sees no pixels" if pictures is None else f"its kernel of {pictures.shape[1]}x{pictures.shape[2]} is under 7x7"
            return replace(none_tested(units), notes=(note,) * units)
        varies = np.flatnonzero(pictures.std(axis=(1, 2)) > 1e-3 * np.abs(pictures).max())
        if not varies.size:
            return replace(none_tested(units), notes=("its weights are all equal",) * units)
        fits, left = fitted(pictures[varies], DRAWS if like is None else DRAWS_OF_TWINS)
        effect, p, counts = np.full(units, np.nan), np.full(units, np.nan), np.zeros(units, np.int64)
        gain, pool = gains(left)
        effect[varies] = [one.r2 for one in fits]
        p[varies], counts[varies] = permutation.pooled_p(gain, pool), permutation.at_least(gain, np.sort(pool, axis=None))
        notes = np.full(units, "its weights are all equal", object)
        notes[varies] = [said(one) for one in fits]
        parts = {"family": as_many(~np.isnan(effect), like)}
        return Measured(effect, p, counts, int(pool.size), permutation.floor(int(pool.size)), parts, tuple(notes))

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """The effect itself: weights are known, not sampled."""
        return found.effect.copy(), found.effect.copy()

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean R^2."""
        return mean_of("effect", network, twins, "of a filter explained by a Gabor function, on average")


gabor_like = GaborLike(
    name="gabor_like",
    title="Gabor-like filter",
    unit_of_effect="share of the filter that a Gabor function explains (R^2)",
    own_null="phase-scrambled",
    rivals="filters with their phases scrambled",
    sees=False,
    words=Words(
        "a Gabor function fits it better than its spectrum with other phases",
        "scrambled phases are fitted as well too often to tell",
        "phase-scrambled filters",
    ),
    records=(filters,),
)


def fitted(pictures: Filters, draws: int) -> tuple[list[Gabor], Float[np.ndarray, "version unit"]]:
    """Each filter's Gabor function, and the logarithm of what is left unexplained: of the filter first, then of its scrambled versions."""
    own = fit(pictures)
    versions = [own, *(fit(np.stack([scrambled(one, draw + 1) for one in pictures])) for draw in range(draws))]
    unexplained = np.array([[1 - one.r2 for one in version] for version in versions])
    return own, np.log(np.maximum(unexplained, LEAST_UNEXPLAINED))


def gains(left: Float[np.ndarray, "version unit"]) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, "draw unit"]]:
    """How much less is left of each filter than of its scrambled versions on average; and of each of those than of the others."""
    own, null = left[0], left[1:]
    others = (null.sum(axis=0) - null) / (len(null) - 1)
    return null.mean(axis=0) - own, others - null


def said(one: Gabor) -> str:
    """What was fitted, in a line."""
    shape = "less than a wave: a blob or an edge" if max(one.nx, one.ny) < HALF_A_CYCLE else f"{1 / one.frequency:.1f} pixels a cycle"
    return f"R^2 {one.r2:.2f}; stripes at {one.orientation:.0f} degrees, {shape}"
