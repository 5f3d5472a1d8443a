"""What the claims that rest on a wrong-picture matrix share: its test, and line-ups of one length for a network and its twins.

A rate of line-ups won depends on how many are in the line-up: by chance 1 in 32, but 1 in 8 among eight. A network with dead units has
fewer living ones than its twins, or they fewer than it, and each with a line-up of its own length would compare what cannot be
compared: the gate of a network with nine living units among thirty-two would open by itself. So the shortest line-up serves all, and
twins with more living units than the network are judged by as many of theirs, drawn at random (`as_many`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Families, Measured, as_many
from optogram.statistics.identification import line_up, margins_among, wrong_picture

LINE_UP = 32
"""Pictures in a line-up, where there are as many."""
LEAST_LIVING = 8
"""Fewer living units than this (or than half, at a small site) are too few to tell apart: that network's family is not tested."""


def measured(matrix: Float[np.ndarray, "unit picture"], like: Measured | None = None) -> Measured:
    """The wrong-picture test of S [unit, picture] as a claim's measure; the margin is the effect.

    A twin with more living units than `like` has its margins taken among as many as those (among few they have heavier tails), and its
    ranks in one family of as many.
    """
    found = wrong_picture(matrix)
    if like is None or not 1 < like.units < found.units:
        return Measured(found.margin, found.p, found.at_least, found.draws, found.floor, {"rank": found.rank, "count": found.count})
    margin = np.where(found.tested, margins_among(matrix, like.units), np.nan)
    family = as_many(found.tested, like)
    few = wrong_picture(np.where(np.outer(family, family), matrix, np.nan))
    parts = {"rank": few.rank, "count": few.count, "family": family & few.tested}
    return Measured(margin, np.where(np.isnan(margin), np.nan, found.p), found.at_least, found.draws, found.floor, parts)


def won(network: Measured, twins: Sequence[Measured]) -> Families:
    """The rate at which each network's own pictures win line-ups of one length: 32, or as many as the one with the fewest rivals has.

    NaN, and so no part of the gate, where fewer than eight units live (at sites with under sixteen: fewer than half).
    """
    least = min(LEAST_LIVING, max(2, -(-len(network.effect) // 2)))
    usable = [found.family.sum() >= least for found in (network, *twins)]
    sizes = [int(found.parts["count"][found.family].min()) for found, good in zip((network, *twins), usable, strict=True) if good]
    size = max(2, min([LINE_UP, *sizes]))
    rates = [rate(found, size) if good else float("nan") for found, good in zip((network, *twins), usable, strict=True)]
    return Families(rates[0], np.array(rates[1:], dtype=np.float64), f"of line-ups of {size} won")


def rate(found: Measured, size: int) -> float:
    """The mean chance of winning a random line-up of `size`, over the family's units."""
    return float(np.mean(line_up(found.parts["rank"][found.family], found.parts["count"][found.family], size)))
