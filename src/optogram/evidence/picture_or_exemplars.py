"""Picture or exemplars: which of the two picks the unit out better, unit by unit, on the same held-out patches, to the same viewer.

The advantage of a unit's own picture is Spearman of its score with the unit's response, less what wrong pictures and other units have (S centred,
as in `identification`, but not scaled: a median absolute deviation jumps when photographs are left out). The effect is the advantage by its
picture less that by its best photographs. The test is paired over photographs: the difference is taken anew without each of 20 blocks of
them, and the jackknife's pseudo-values, divided by their standard error, are compared with what they give where picture and exemplars are
exchanged at random in each block, pooled over units; two-sided. The answer depends on the viewer (SCIENCE 9: exemplars serve a trained one
better, pictures the bank). It says nothing about learning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from optogram.evidence._blocks import blocks
from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of, none_tested
from optogram.evidence._drawn import lowered, raised
from optogram.evidence._line_up import LINE_UP
from optogram.evidence._matched import advantages, matrix, own_without
from optogram.evidence._pictured import by_exemplars, by_picture, told
from optogram.evidence._view import SiteView
from optogram.statistics import permutation
from optogram.statistics.identification import wrong_picture
from optogram.statistics.verdict import Words

DRAWS = 199
"""Exchanges of all blocks at random; each gives a draw a unit."""


@dataclass(frozen=True, slots=True)
class PictureOrExemplars(Claim):
    """The paired difference; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """Advantages by picture and by exemplars, and whether they differ."""
        values = pseudo_values(view)
        if values is None:
            return told(view, none_tested(view.responses.shape[1]))
        pair = [advantages(matrix(view, half)) for half in (by_picture, by_exemplars)]
        size = np.abs(studentised(values))
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (DRAWS, len(values)))
        null = np.abs(np.stack([studentised(values * one[:, None]) for one in signs]))
        pool = np.sort(null[~np.isnan(null)])
        effect = np.where(np.isnan(size), np.nan, pair[0] - pair[1])
        parts = {"picture": pair[0], "exemplars": pair[1], "error": standard_error(values), "family": as_many(~np.isnan(effect), like)}
        counts = np.where(np.isnan(size), 0, permutation.at_least(size, pool))
        found = Measured(effect, permutation.pooled_p(size, pool), counts, int(pool.size), permutation.floor(int(pool.size)), parts)
        return told(view, found, [_said(picture, exemplars) for picture, exemplars in zip(*pair, strict=True)])

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """Student's, from the standard error of the blocks' pseudo-values, which `measure` has taken."""
        if "error" not in found.parts:
            return (absent := np.full(len(found.effect), np.nan)), absent.copy()
        reach = stats.t.ppf(0.5 + level / 2, blocks(view.patches) - 1) * found.parts["error"]
        return found.effect - reach, found.effect + reach

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean difference; decides nothing."""
        return mean_of("effect", network, twins, "Spearman, advantage by pictures less that by photographs, on average")

    def confounds(self, view: SiteView, found: Measured) -> dict[str, float]:
        """For how many units either is better (q .05), and the rates of both among the same units."""
        rates = {name: wrong_picture(matrix(view, half)).rate(LINE_UP) for name, half in (("picture", by_picture), ("photographs", by_exemplars))}
        clear = found.q <= 0.05
        return {
            "units whose picture is better": float(np.sum(clear & (found.effect > 0))),
            "units whose photographs are better": float(np.sum(clear & (found.effect < 0))),
            "rate by picture": rates["picture"],
            "rate by photographs": rates["photographs"],
        }


picture_or_exemplars = PictureOrExemplars(
    name="picture_or_exemplars",
    title="Its picture against its photographs",
    unit_of_effect="Spearman over wrong pictures, by its picture less by its photographs",
    own_null="exchanged",
    rivals="differences with picture and photographs exchanged at random",
    beyond_twins=False,
    needs=("pictures",),
    words=Words("one serves better than the other", "neither is shown to serve better", "picture and photographs exchanged at random"),
    records=(raised, lowered),
)


def pseudo_values(view: SiteView) -> Float[np.ndarray, "block unit"] | None:
    """The difference d, plus (n - 1) times how much d without block b lies below the mean of such, for each of n blocks.

    Their mean is d, their scatter its error.
    """
    pair = [own_without(view, half, advantages) for half in (by_picture, by_exemplars)]
    if pair[0] is None or pair[1] is None:
        return None
    whole, without = advantages(matrix(view, by_picture)) - advantages(matrix(view, by_exemplars)), pair[0] - pair[1]
    return np.asarray(whole + (len(without) - 1) * (without.mean(axis=0) - without))


def studentised(values: Float[np.ndarray, "block unit"]) -> Float[np.ndarray, " unit"]:
    """The mean over blocks, in its standard errors; NaN where nothing varies."""
    error = standard_error(values)
    return np.asarray(values.mean(axis=0) / np.where(error > 0, error, np.nan))


def standard_error(values: Float[np.ndarray, "block unit"]) -> Float[np.ndarray, " unit"]:
    """Of the mean over blocks."""
    return np.asarray(values.std(axis=0, ddof=1) / np.sqrt(len(values)))


def _said(picture: float, exemplars: float) -> str:
    return f"Spearman {picture:+.2f} over wrong ones by its picture, {exemplars:+.2f} by its photographs"
