"""The wrong-picture null: does this picture tell the truth about *this* unit? (after Kay et al. 2008)

S[i, j] is Spearman of picture j's score with unit i's response on held-out patches. A picture that shows its unit predicts it better than the
pictures of other units do. Some pictures predict everything and some units are easy, so rows and columns are centred; rows are divided by their
median absolute deviation so that all wrong pictures form one null:

    p_i = (1 + #{off-diagonal >= S_ii}) / (1 + N (N - 1)),    then Benjamini-Hochberg over i.

The plain rank of the own picture has floor 1 / N and finds nothing: 15 of 32 first ranks make no discovery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

from optogram.errors import InputError, NonFiniteError, SettingError
from optogram.statistics import permutation
from optogram.statistics.correlation import spearman_matrix
from optogram.statistics.effects import median_absolute_deviation
from optogram.statistics.multiplicity import adjust


@dataclass(frozen=True, slots=True)
class Identification:
    """What the wrong-picture matrix says of each unit, in the order given; NaN (rank and count 0) where not tested.

    `margin` is the own picture's centred and scaled correlation, in median absolute deviations of the unit's row: continuous, so it is what
    twins are compared by. `at_least` of `draws` wrong pictures do as well. `rank` of `count` is the own picture's place in its row, 1 the best,
    ties against it.
    """

    p: Float[np.ndarray, " unit"]
    margin: Float[np.ndarray, " unit"]
    at_least: Int[np.ndarray, " unit"]
    rank: Int[np.ndarray, " unit"]
    count: Int[np.ndarray, " unit"]
    tested: Bool[np.ndarray, " unit"]
    draws: int

    @property
    def floor(self) -> float:
        """The least p that so many wrong pictures allow: 1 / (1 + N (N - 1))."""
        return permutation.floor(self.draws)

    @property
    def q(self) -> Float[np.ndarray, " unit"]:
        """p corrected over the units tested, by Benjamini-Hochberg."""
        return adjust(self.p)

    @property
    def units(self) -> int:
        """N: units tested."""
        return int(self.tested.sum())

    def line_up_size(self, size: int = 32) -> int:
        """Pictures in the line-up that `credit` speaks of: `size`, or all where there are fewer (chance is one over it)."""
        return int(min(size, self.count[self.tested].min(initial=size)))

    def credit(self, size: int = 32) -> Float[np.ndarray, " unit"]:
        """Each unit's chance that its own picture wins a random line-up of `size`, or of the longest that all units have where that is shorter."""
        return np.where(self.tested, line_up(self.rank, self.count, self.line_up_size(size)), np.nan)

    def rate(self, size: int = 32) -> float:
        """The identification rate: mean credit of the units tested; NaN if none was."""
        return float(np.mean(self.credit(size)[self.tested])) if self.units else float("nan")


def wrong_picture(matrix: Float[np.ndarray, "unit picture"], left_out: Bool[np.ndarray, "unit picture"] | None = None) -> Identification:
    """The wrong-picture test of S [unit, picture], picture i being unit i's own.

    Units whose own value is NaN (dead, or with a constant score) are not tested, and neither are their pictures. `left_out` marks wrong pictures that
    are no fair rivals (see `too_alike`). Raises `NonFiniteError` where single values are missing among tested units.
    """
    units = len(matrix)
    if matrix.shape != (units, units):
        raise InputError(f"S is square, one picture for each unit; got {matrix.shape}.")
    tested = ~np.isnan(np.diagonal(matrix))
    inner = np.asarray(matrix[np.ix_(tested, tested)], dtype=np.float64)
    if not np.isfinite(inner).all():
        raise NonFiniteError("S has a finite own value but missing wrong pictures; give a dead unit NaN in its whole row and column.")
    scaled = centred_and_scaled(inner)
    rivals = ~np.eye(len(inner), dtype=bool) & (True if left_out is None else ~left_out[np.ix_(tested, tested)])
    flat = np.isnan(scaled).any(axis=1)
    rivals[flat] = False
    margin = np.diagonal(scaled)
    pool = np.sort(scaled[rivals])
    rank = 1 + np.sum((scaled >= margin[:, None]) & rivals, axis=1)
    tested[np.flatnonzero(tested)[flat]] = False
    keep = ~flat
    return Identification(
        p=_spread(permutation.pooled_p(margin, pool)[keep], tested, np.nan),
        margin=_spread(margin[keep], tested, np.nan),
        at_least=_spread(permutation.at_least(margin, pool)[keep], tested, 0),
        rank=_spread(rank[keep], tested, 0),
        count=_spread((1 + rivals.sum(axis=1))[keep], tested, 0),
        tested=tested,
        draws=int(pool.size),
    )


def centred_and_scaled(matrix: Float[np.ndarray, "unit picture"]) -> Float[np.ndarray, "unit picture"]:
    """S less its row and column means (plus the grand mean), each row divided by its median absolute deviation; NaN rows where that is 0."""
    if not matrix.size:
        return matrix
    found = centred(matrix)
    spread = median_absolute_deviation(found, axis=1)
    return np.asarray(found / np.where(spread > 1e-12, spread, np.nan)[:, None])


def centred(matrix: Float[np.ndarray, "unit picture"]) -> Float[np.ndarray, "unit picture"]:
    """S less its row and column means, plus the grand mean: what a picture says of a unit beyond what it says of all, and all of it."""
    return matrix if not matrix.size else matrix - matrix.mean(axis=1, keepdims=True) - matrix.mean(axis=0, keepdims=True) + matrix.mean()


def margins_among(matrix: Float[np.ndarray, "unit picture"], size: int, seed: int = 0) -> Float[np.ndarray, " unit"]:
    """Each unit's margin among `size` units (itself and others drawn at random) instead of among all; NaN where not tested.

    A margin's tails are heavier the fewer units there are, since the median absolute deviation of few is unsteady: of noise, 5 % exceed 2.5 and
    .5 % exceed 3.6 among 64 units, but 6 % and 3 % among 8. So units of two networks compare only among equally many. Units are dealt to groups
    of `size`; a last group is filled up from the others, whose margins are those of their first group.
    """
    tested = np.flatnonzero(~np.isnan(np.diagonal(matrix)))
    margins = np.full(len(matrix), np.nan)
    order = np.random.default_rng(seed).permutation(tested)
    for first in range(0, len(order), max(size, 1)):
        own = order[first : first + size]
        group = np.concatenate([own, order[: size - len(own)]])[:size] if first else own
        margins[own] = np.diagonal(centred_and_scaled(matrix[np.ix_(group, group)]))[: len(own)]
    return margins


def line_up(rank: Int[np.ndarray, " unit"], count: Int[np.ndarray, " unit"] | int, size: int = 32) -> Float[np.ndarray, " unit"]:
    """Chance that a picture of rank r among N wins a random line-up of `size` that holds it: C(N - r, size - 1) / C(N - 1, size - 1).

    Rates compare only for one line-up. With fewer than `size` pictures the line-up is all of them, so the credit is 1 for the first rank and else 0:
    the rate then belongs to a line-up of N. In log space, so thousands of pictures are no trouble. NaN where there is no rival.
    """
    if size < 2:
        raise SettingError(f"a line-up has at least two pictures; got {size}.")
    total = np.broadcast_to(np.asarray(count, dtype=np.float64), np.shape(rank))
    drawn = np.maximum(np.minimum(size, total) - 1, 0)
    beaten = total - rank
    possible = (beaten >= drawn) & (total >= 2) & (rank >= 1)
    safe = np.where(possible, beaten, drawn)
    logs = _log_choose(safe, drawn) - _log_choose(np.maximum(total - 1, drawn), drawn)
    return np.where(total >= 2, np.where(possible, np.exp(np.minimum(logs, 0.0)), 0.0), np.nan)


def too_alike(responses: Float[np.ndarray, "patch unit"], above: float = 0.8) -> Bool[np.ndarray, "unit unit"]:
    """Pairs of units whose responses correlate (Spearman) over `above`: `left_out`, since no viewer could tell them apart. Report both rates."""
    alike = spearman_matrix(responses, responses) > above
    np.fill_diagonal(alike, False)
    return alike


def _log_choose(total: Float[np.ndarray, " unit"], drawn: Float[np.ndarray, " unit"]) -> Float[np.ndarray, " unit"]:
    return np.asarray(special.gammaln(total + 1) - special.gammaln(drawn + 1) - special.gammaln(total - drawn + 1))


def _spread(values: np.ndarray, tested: Bool[np.ndarray, " unit"], absent: float) -> np.ndarray:
    full = np.full(tested.shape, absent, dtype=values.dtype)
    full[tested] = values
    return full
