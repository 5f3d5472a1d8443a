"""What the claims share that ask whether each unit's own picture fits it better than the pictures of other units do.

A picture is anything that gives every patch a score: exemplars, a synthesised picture, both. S[i, j] is Spearman of picture j's score with
what unit i is to be predicted on (its responses) over the patches of one half; the halves' S are averaged. Then the wrong-picture test.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats

from optogram.evidence._blocks import block, blocks
from optogram.evidence._claim import Claim, Families, Measured
from optogram.evidence._line_up import LINE_UP, measured, won
from optogram.evidence._view import SiteView
from optogram.statistics.correlation import ranks_correlated
from optogram.statistics.identification import centred, centred_and_scaled, too_alike, wrong_picture
from optogram.statistics.ranks import centred_ranks


@dataclass(frozen=True, slots=True)
class Half:
    """What is compared on the patches `seen` of one half; a unit without a picture, or a target, has NaN there.

    `ranked`: the targets' centred ranks, where something has them already.
    """

    scores: Float[np.ndarray, "seen unit"]
    targets: Float[np.ndarray, "seen unit"]
    seen: Int[np.ndarray, " seen"]
    ranked: Float[np.ndarray, "seen unit"] | None = None

    def ranks(self, units: Bool[np.ndarray, " unit"]) -> Float[np.ndarray, "seen chosen"]:
        """The centred ranks of these units' targets."""
        if self.ranked is None:
            return centred_ranks(self.targets[:, units])
        return self.ranked if units.all() else self.ranked[:, units]

    @property
    def living(self) -> Bool[np.ndarray, " unit"]:
        """Units whose score and target are numbers that vary."""
        return np.asarray(_varies(self.scores) & _varies(self.targets))


Halves = Callable[[SiteView, int], Half | None]
"""The patches tested when `fold` is the half that was chosen from; None where there are too few."""


@dataclass(frozen=True, slots=True)
class Matching(Claim):
    """A claim by the wrong-picture test; a subclass says which scores of which pictures."""

    @abstractmethod
    def half(self, view: SiteView, fold: int) -> Half | None:
        """Scores and targets on the half that is not `fold`; None where there are too few patches."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The wrong-picture test of one network at one site."""
        return measured(matrix(view, self.half), like)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """The margin's interval: delete-a-block jackknife over 20 blocks of test photographs, pictures and ranks held fixed.

        With fewer photographs than that in a half there are as many blocks as photographs; NaN where a half has too few patches.
        """
        without = own_without(view, self.half, margins)
        if without is None:
            return (absent := np.full(view.responses.shape[1], np.nan)), absent.copy()
        count = len(without)
        deviation = np.sqrt((count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        reach = stats.t.ppf(0.5 + level / 2, count - 1) * deviation
        return found.effect - reach, found.effect + reach

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The rate at which line-ups are won, of one length for the network and all twins."""
        return won(network, twins)

    def confounds(self, view: SiteView, found: Measured) -> dict[str, float]:
        """The rate without wrong pictures whose units respond alike (Spearman over .8), which no viewer could tell apart, and its line-up."""
        alike = too_alike(view.responses)
        fair = wrong_picture(matrix(view, self.half), left_out=alike)
        return {
            "rate without look-alikes": fair.rate(LINE_UP),
            "line-up without look-alikes": float(fair.line_up_size(LINE_UP)),
            "look-alike pairs": float(alike.sum() / 2),
        }


def matrix(view: SiteView, half: Halves) -> Float[np.ndarray, "unit picture"]:
    """S, averaged over choosing in one fold and testing in the other, and the reverse; NaN for units that live in no half."""
    return np.asarray(np.mean([_of(view, half(view, fold)) for fold in (0, 1)], axis=0))


def _of(view: SiteView, one: Half | None) -> Float[np.ndarray, "unit picture"]:
    units = view.responses.shape[1]
    found = np.full((units, units), np.nan)
    if one is not None:
        alive = view.alive & one.living
        if alive.all():
            return ranks_correlated(centred_ranks(one.scores), one.ranks(alive))
        found[np.ix_(alive, alive)] = ranks_correlated(centred_ranks(one.scores[:, alive]), one.ranks(alive))
    return found


Own = Callable[[Float[np.ndarray, "unit picture"]], Float[np.ndarray, " unit"]]
"""What a matrix says of each unit's own picture."""


def own_without(view: SiteView, half: Halves, of: Own) -> Float[np.ndarray, "block unit"] | None:
    """What the matrix without each block of photographs in turn says of each unit; None where there are too few patches."""
    pair = [half(view, fold) for fold in (0, 1)]
    if pair[0] is None or pair[1] is None:
        return None
    count = blocks(view.patches)
    dealt = block(view.patches, count)
    return np.stack([of((one + other) / 2) for one, other in zip(*(_without(view, part, dealt, count) for part in pair if part), strict=True)])


def margins(found: Float[np.ndarray, "unit picture"]) -> Float[np.ndarray, " unit"]:
    """Each unit's own value, centred and scaled as the wrong-picture test does; NaN where it was not tested."""
    return _diagonal(found, centred_and_scaled)


def advantages(found: Float[np.ndarray, "unit picture"]) -> Float[np.ndarray, " unit"]:
    """Each unit's own value, centred but not scaled: how much more it correlates with its own picture than with others; NaN where not tested."""
    return _diagonal(found, centred)


def _diagonal(
    found: Float[np.ndarray, "unit picture"], made: Callable[[Float[np.ndarray, "unit picture"]], Float[np.ndarray, "unit picture"]]
) -> Float[np.ndarray, " unit"]:
    tested = ~np.isnan(np.diagonal(found))
    values = np.full(len(found), np.nan)
    values[tested] = np.diagonal(made(found[np.ix_(tested, tested)]))
    return values


def _without(view: SiteView, one: Half, dealt: Int[np.ndarray, " patch"], count: int) -> Iterator[Float[np.ndarray, "unit picture"]]:
    """S of one half without each block in turn: Pearson's correlation of the kept patches' ranks among all."""
    units = view.responses.shape[1]
    alive = view.alive & one.living
    pictures, targets = (values.astype(np.float32) for values in (centred_ranks(one.scores[:, alive]), one.ranks(alive)))
    products, of = targets.T @ pictures, dealt[one.seen]
    for number in range(count):
        out = of == number
        kept = len(one.seen) - int(out.sum())
        means = -targets[out].sum(axis=0) / kept, -pictures[out].sum(axis=0) / kept
        covariance = (products - targets[out].T @ pictures[out]) / kept - np.outer(*means)
        spreads = [
            np.sqrt(((values**2).sum(axis=0) - (values[out] ** 2).sum(axis=0)) / kept - mean**2)
            for values, mean in zip((targets, pictures), means, strict=True)
        ]
        covariance /= np.maximum(np.outer(*spreads), 1e-12)
        if alive.all():
            yield covariance
            continue
        found = np.full((units, units), np.nan, covariance.dtype)
        found[np.ix_(alive, alive)] = covariance
        yield found


def _varies(values: Float[np.ndarray, "seen unit"]) -> Bool[np.ndarray, " unit"]:
    return np.asarray(values.max(axis=0) > values.min(axis=0))
