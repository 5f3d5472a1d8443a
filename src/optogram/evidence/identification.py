"""Identification: a unit's best photographs say which held-out patches drive it, and say it of no other unit (SCIENCE 4 and 9).

In one fold the 9 patches that drive the unit most and the 9 that drive it least are chosen; a patch of the other fold scores by
its likeness to the first less its likeness to the second, in the viewer's eyes. S[i, j] is Spearman of unit j's score with unit
i's response; folds are swapped and S averaged. The wrong-picture test then asks whether unit i's own score does better on it
than other units' scores do. Cost: two N x N correlations a site and network, no forward pass of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats

from optogram.evidence._blocks import block, blocks
from optogram.evidence._claim import Claim, Families, Measured
from optogram.evidence._line_up import LINE_UP, measured, won
from optogram.evidence._view import Patches, SiteView
from optogram.statistics.correlation import spearman_matrix
from optogram.statistics.identification import centred_and_scaled, too_alike, wrong_picture

CHOSEN = 9
LEAST_PATCHES = 4 * CHOSEN


@dataclass(frozen=True, slots=True)
class Identification(Claim):
    """Exemplars against wrong exemplars; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The wrong-picture test of one network at one site."""
        return measured(correlations(view), like)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """The margin's interval: delete-a-block jackknife over 20 blocks of test photographs, exemplars and ranks held fixed.

        With fewer photographs than that in a fold there are as many blocks as photographs; NaN where a fold has too few patches.
        """
        if not _enough(view.patches):
            return (absent := np.full(view.responses.shape[1], np.nan)), absent.copy()
        count = blocks(view.patches)
        pairs = [list(_without_blocks(view, fold, count)) for fold in (0, 1)]
        without = np.stack([_margins((one + other) / 2) for one, other in zip(*pairs, strict=True)])
        deviation = np.sqrt((count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        reach = stats.t.ppf(0.5 + level / 2, count - 1) * deviation
        return found.effect - reach, found.effect + reach

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The rate at which line-ups are won, of one length for the network and all twins."""
        return won(network, twins)

    def confounds(self, view: SiteView, found: Measured) -> dict[str, float]:
        """The rate without wrong pictures whose units respond alike (Spearman over .8), which no viewer could tell apart, and its line-up."""
        alike = too_alike(view.responses)
        fair = wrong_picture(correlations(view), left_out=alike)
        return {
            "rate without look-alikes": fair.rate(LINE_UP),
            "line-up without look-alikes": float(fair.line_up_size(LINE_UP)),
            "look-alike pairs": float(alike.sum() / 2),
        }


identification = Identification(
    name="identification",
    title="Picked out by its photographs",
    unit_of_effect="margin over wrong photographs, in median absolute deviations",
    own_null="wrong picture",
    rivals="wrong pictures",
)


def likeness(patches: Patches, chosen: Int[np.ndarray, "exemplar unit"], seen: Int[np.ndarray, " patch"]) -> Float[np.ndarray, "patch unit"]:
    """Cosine of each seen patch with the mean of a unit's chosen patches, from the patches' similarities alone."""
    total = np.zeros((chosen.shape[1], len(seen)), np.float32)
    for row in chosen:
        total += patches.similarity[np.ix_(row, seen)]
    among = patches.similarity[chosen[:, None, :], chosen[None, :, :]].mean(axis=(0, 1))
    return np.asarray((total / len(chosen) / np.sqrt(np.maximum(among, 1e-9))[:, None]).T)


def scores(view: SiteView, fold: int) -> tuple[Float[np.ndarray, "patch unit"], Int[np.ndarray, " patch"]]:
    """Each unit's score of the other fold's patches, and which patches those are; exemplars are chosen in `fold`."""
    chosen_from = np.flatnonzero(view.patches.fold == fold)
    seen = np.flatnonzero(view.patches.fold != fold)
    order = _ordered(view.responses[chosen_from])
    most, least = chosen_from[order[-CHOSEN:]], chosen_from[order[:CHOSEN]]
    return likeness(view.patches, most, seen) - likeness(view.patches, least, seen), seen


def _ordered(responses: Float[np.ndarray, "patch unit"]) -> Int[np.ndarray, "patch unit"]:
    """Patches by response, equal ones in their own order: by the fast sort, and the stable one where any are equal."""
    columns = np.ascontiguousarray(responses.T)
    order = np.argsort(columns, axis=1)
    ordered = np.take_along_axis(columns, order, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    order[tied] = np.argsort(columns[tied], axis=1, kind="stable")
    return order.T


def correlations(view: SiteView) -> Float[np.ndarray, "unit picture"]:
    """S, averaged over choosing in one fold and testing in the other, and the reverse."""
    return np.asarray(np.mean([_correlations(view, fold) for fold in (0, 1)], axis=0))


def _correlations(view: SiteView, fold: int) -> Float[np.ndarray, "unit picture"]:
    """S of one direction; dead units, and folds with too few patches, are NaN."""
    units = view.responses.shape[1]
    matrix = np.full((units, units), np.nan)
    if _enough(view.patches):
        score, seen = scores(view, fold)
        alive = _alive(view, score, seen)
        matrix[np.ix_(alive, alive)] = spearman_matrix(score[:, alive], view.responses[seen][:, alive])
    return matrix


def _without_blocks(view: SiteView, fold: int, count: int) -> Iterator[Float[np.ndarray, "unit picture"]]:
    """S of one direction without each block in turn: Pearson's correlation of the kept patches' ranks among all."""
    units = view.responses.shape[1]
    score, seen = scores(view, fold)
    alive = _alive(view, score, seen)
    pictures, responses = (stats.rankdata(values[:, alive], axis=0) for values in (score, view.responses[seen]))
    pictures, responses = ((ranks - ranks.mean(axis=0)).astype(np.float32) for ranks in (pictures, responses))
    dealt = block(view.patches, count)[seen]
    products = responses.T @ pictures
    for number in range(count):
        out = dealt == number
        kept = len(seen) - int(out.sum())
        means = -responses[out].sum(axis=0) / kept, -pictures[out].sum(axis=0) / kept
        covariance = (products - responses[out].T @ pictures[out]) / kept - np.outer(*means)
        spreads = [
            np.sqrt(((values**2).sum(axis=0) - (values[out] ** 2).sum(axis=0)) / kept - mean**2)
            for values, mean in zip((responses, pictures), means, strict=True)
        ]
        matrix = np.full((units, units), np.nan)
        matrix[np.ix_(alive, alive)] = covariance / np.maximum(np.outer(*spreads), 1e-12)
        yield matrix


def _alive(view: SiteView, score: Float[np.ndarray, "patch unit"], seen: Int[np.ndarray, " patch"]) -> Bool[np.ndarray, " unit"]:
    responses = view.responses[seen]
    return np.asarray((responses.max(axis=0) > responses.min(axis=0)) & view.alive & (score.max(axis=0) > score.min(axis=0)))


def _margins(matrix: Float[np.ndarray, "unit picture"]) -> Float[np.ndarray, " unit"]:
    tested = ~np.isnan(np.diagonal(matrix))
    margins = np.full(len(matrix), np.nan)
    margins[tested] = np.diagonal(centred_and_scaled(matrix[np.ix_(tested, tested)]))
    return margins


def _enough(patches: Patches) -> bool:
    """Whether both folds have patches enough to choose from, and more than one photograph."""
    return all(np.sum(patches.fold == fold) >= LEAST_PATCHES and len(np.unique(patches.photograph[patches.fold == fold])) > 1 for fold in (0, 1))
