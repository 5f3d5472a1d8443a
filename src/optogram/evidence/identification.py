"""Identification: a unit's best photographs say which held-out patches drive it, and say it of no other unit (SCIENCE 4 and 9).

In one fold the 9 patches that drive the unit most and the 9 that drive it least are chosen; a patch of the other fold scores by
its likeness to the first less its likeness to the second, in the viewer's eyes. S[i, j] is Spearman of unit j's score with unit
i's response; folds are swapped and S averaged. The wrong-picture test then asks whether unit i's own score does better on it
than other units' scores do. Cost: two N x N correlations a site and network, no forward pass of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from optogram.evidence._matched import Half, Matching, matrix
from optogram.evidence._view import Patches, SiteView
from optogram.statistics.ranks import greatest, least
from optogram.statistics.verdict import Words

CHOSEN = 9
LEAST_PATCHES = 4 * CHOSEN


@dataclass(frozen=True, slots=True)
class Identification(Matching):
    """Exemplars against wrong exemplars; see the module."""

    def half(self, view: SiteView, fold: int) -> Half | None:
        """Scores by the exemplars of `fold`, responses to the other half's patches."""
        return by_exemplars(view, fold)


identification = Identification(
    name="identification",
    title="Picked out by its photographs",
    unit_of_effect="margin over wrong photographs, in median absolute deviations",
    own_null="wrong picture",
    rivals="wrong pairs of unit and photographs",
    words=Words(
        "its own best photographs pick it out better than other units' do",
        "other units' best photographs do as well as its own too often to tell",
        "other units' best photographs",
    ),
)


def likeness(patches: Patches, chosen: Int[np.ndarray, "exemplar unit"], seen: Int[np.ndarray, " patch"]) -> Float[np.ndarray, "patch unit"]:
    """Cosine of each seen patch with the mean of a unit's chosen patches, from the patches' similarities alone."""
    return weighed(patches, [(chosen, 1)], patches.similarity.take(seen, axis=1)).T


def scores(view: SiteView, fold: int) -> tuple[Float[np.ndarray, "patch unit"], Int[np.ndarray, " patch"]]:
    """Each unit's score of the other fold's patches, and which patches those are; exemplars are chosen in `fold`."""
    chosen_from = np.flatnonzero(view.patches.fold == fold)
    seen = np.flatnonzero(view.patches.fold != fold)
    responses = np.ascontiguousarray(view.responses[chosen_from].T)
    best, worst = (chosen_from[found(responses, CHOSEN).T] for found in (greatest, least))
    return weighed(view.patches, [(best, 1), (worst, -1)], view.patches.across(fold), view.patches.place).T, seen


def weighed(
    patches: Patches,
    groups: Sequence[tuple[Int[np.ndarray, "exemplar unit"], int]],
    every: Float[np.ndarray, "row seen"],
    row: Int[np.ndarray, " patch"] | None = None,
) -> Float[np.ndarray, "unit seen"]:
    """Sum over groups of sign times `likeness`: rows of similarities added with weights, as one sparse product.

    `every`: similarities with the patches seen, of all patches or of those that `row` gives the rows of.
    """
    weights, columns = [], []
    for chosen, sign in groups:
        among = patches.alike(chosen[:, None, :], chosen[None, :, :]).mean(axis=(0, 1))
        weights.append(np.broadcast_to(sign / len(chosen) / np.sqrt(np.maximum(among, 1e-9)), chosen.shape))
        columns.append(chosen if row is None else row[chosen])
    column, weight = np.concatenate(columns).T, np.concatenate(weights).T
    ends = np.arange(len(column) + 1) * column.shape[1]
    sparse = csr_array((weight.ravel().astype(np.float32), column.ravel(), ends), shape=(len(column), len(every)))
    return np.asarray(sparse @ every)


def by_exemplars(view: SiteView, fold: int) -> Half | None:
    """The scores of the patches that are not in `fold`, with the responses to them; None where there are too few patches."""
    if not enough(view.patches):
        return None
    score, seen = scores(view, fold)
    return Half(score, view.responses[seen], seen, view.ranks(1 - fold))


def correlations(view: SiteView) -> Float[np.ndarray, "unit picture"]:
    """S by exemplars, averaged over choosing in one fold and testing in the other, and the reverse."""
    return matrix(view, by_exemplars)


def enough(patches: Patches) -> bool:
    """Whether both folds have patches enough to choose from, and more than one photograph."""
    return all(np.sum(patches.fold == fold) >= LEAST_PATCHES and len(np.unique(patches.photograph[patches.fold == fold])) > 1 for fold in (0, 1))
