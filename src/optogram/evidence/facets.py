"""Facets: several distinct things drive the unit, each by itself, to a viewer that is not the network (Nguyen 2016 called them so).

The 24 patches of one half that drive a unit most, one a group of photographs, are sorted by likeness into 2 to 5 kinds (average linkage, as many as
the silhouette says). A patch of the other half is as like each kind as to its mean. If any one of the things suffices, the unit follows the kind that
a patch is most like, max(a, b) = (a + b) / 2 + |a - b| / 2; if one thing drives it, or all are needed together, it does not. So the effect is the
partial correlation of the unit's ranks with the likeness to the nearest kind, the likeness to every kind held fixed, and the square of what they
say together too, as a unit may follow one thing by a curve. Halves are swapped and the two averaged.

The null is a correlation of .05 or less, not of 0: a viewer sees one thing in part only, and of planted units of one thing some had .08. Student's t
over groups of photographs. How many kinds there are is said of each half. Cost: one clustering of 24 and one regression a unit, half and network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy import special, stats
from scipy.sparse import csr_array

from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of, none_tested
from optogram.evidence._classes import groups
from optogram.evidence._kinds import MOST, sorted_by_kind
from optogram.evidence._view import SiteView
from optogram.statistics.ranks import least
from optogram.statistics.verdict import Words

CHOSEN = 24
NEGLIGIBLE = 0.05


@dataclass(frozen=True, slots=True)
class Facets(Claim):
    """The nearest kind against all kinds; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The partial correlation of each unit."""
        units = view.responses.shape[1]
        group = groups(view)[view.patches.photograph]
        if min(len(np.unique(group[view.patches.fold == fold])) for fold in (0, 1)) < 2 * CHOSEN:
            return replace(none_tested(units), notes=(f"fewer than {2 * CHOSEN} photographs (groups counted once) in each half",) * units)
        floor = np.finfo(np.float64).tiny
        effect, error, p, notes = np.full(units, np.nan), np.full(units, np.nan), np.full(units, np.nan), [""] * units
        varies = np.ones(units, bool)
        for fold in (0, 1):
            varies &= np.ptp(view.responses[view.patches.fold == fold], axis=0) > 0
        living = np.flatnonzero(varies)
        sums, counts = zip(*(_half(view, group, living, fold) for fold in (0, 1)), strict=True)
        parts = (sums[0] + sums[1]) / 2
        effect[living] = parts.sum(axis=1)
        error[living] = np.sqrt(((parts - parts.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
        p[living] = np.maximum(floor, special.stdtr(parts.shape[1] - 1, (NEGLIGIBLE - effect[living]) / np.maximum(error[living], 1e-12)))
        for unit, one, other in zip(living, *counts, strict=True):
            told = " among what drives it most in either half" if one == other else f" in one half, {other} in the other"
            notes[unit] = f"{one} kinds{told}"
        parts_ = {"family": as_many(~np.isnan(effect), like), "error": error}
        return Measured(effect, p, np.zeros(units, np.int64), 0, floor, parts_, tuple(notes))

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """Student's, over groups of photographs; the kinds, which were chosen in the other half, are held fixed."""
        if not found.tested.any():
            return (absent := np.full(len(found.effect), np.nan)), absent.copy()
        reach = stats.t.ppf(0.5 + level / 2, len(np.unique(groups(view))) - 1) * found.parts["error"]
        return found.effect - reach, found.effect + reach

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean correlation."""
        return mean_of("effect", network, twins, "correlation with the nearest kind beyond all kinds, on average")


facets = Facets(
    name="facets",
    title="Several things drive it",
    unit_of_effect="partial correlation with the nearest of several kinds",
    own_null="one thing",
    rivals="a correlation of .05 or less, as units of one thing have",
    words=Words(
        f"it follows the nearest of several kinds of patch beyond a correlation of {str(NEGLIGIBLE)[1:]}",
        "nothing says that several things drive it, each by itself",
        "one thing that drives it",
    ),
)


AT_ONCE = 32
"""Units whose regressions are made together; all at once would not fit where processors keep what they work on."""


def _half(
    view: SiteView, group: Int[np.ndarray, " patch"], units: Int[np.ndarray, " living"], fold: int
) -> tuple[Float[np.ndarray, "living group"], Int[np.ndarray, " living"]]:
    """Kinds chosen in `fold`, tested in the other: each group's share of the partial correlation, and how many kinds there are."""
    own, seen = (np.flatnonzero((view.patches.fold == fold) == same) for same in (True, False))
    names, place = np.unique(group, return_inverse=True)
    shares, counts = np.zeros((len(units), len(names))), np.zeros(len(units), np.int64)
    every, ranks = view.patches.across(fold), view.ranks(1 - fold).T
    of_group = csr_array((np.ones(len(seen)), (place[seen], np.arange(len(seen)))), shape=(len(names), len(seen)))
    for first in range(0, len(units), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        responses = np.ascontiguousarray(view.responses[:, units[rows]].T)
        strongest = _strongest(responses[:, own], group[own])
        chosen = own[strongest]
        among = view.patches.alike(chosen[:, :, None], chosen[:, None]).astype(np.float64)
        apart = np.clip(1 - (among + among.transpose(0, 2, 1)) / 2, 0, None)
        apart[:, np.arange(CHOSEN), np.arange(CHOSEN)] = 0
        kind = sorted_by_kind(apart)
        near = _near(among, every, strongest, kind)
        shares[rows] = (of_group @ _parts(ranks[units[rows]], near, kind.max(axis=1) + 1).T).T
        counts[rows] = kind.max(axis=1) + 1
    return shares, counts


def _strongest(responses: Float[np.ndarray, "unit patch"], group: Int[np.ndarray, " patch"]) -> Int[np.ndarray, "unit chosen"]:
    """Places of the patches that drive each unit most, one a group, strongest first; of equal ones the first."""
    enough = min(len(group), (CHOSEN - 1) * int(np.bincount(group).max()) + 1)
    order = least(-responses, enough)
    names = group[order]
    by_name = np.argsort(names, axis=1, kind="stable")
    sorted_names = np.take_along_axis(names, by_name, axis=1)
    again = np.zeros(order.shape, bool)
    np.put_along_axis(again, by_name[:, 1:], sorted_names[:, 1:] == sorted_names[:, :-1], axis=1)
    taken = ~again & (np.cumsum(~again, axis=1) <= CHOSEN)
    return np.asarray(order[taken].reshape(len(order), CHOSEN))


def _near(
    among: Float[np.ndarray, "unit chosen chosen"],
    every: Float[np.ndarray, "own seen"],
    chosen: Int[np.ndarray, "unit chosen"],
    kind: Int[np.ndarray, "unit chosen"],
) -> Float[np.ndarray, "unit kind seen"]:
    """Cosine of each seen patch with the mean of each kind's patches; 0 for kinds that a unit does not have."""
    member = (kind[:, :, None] == np.arange(MOST)).astype(np.float64)
    lengths = np.sqrt(np.maximum(np.einsum("uck,uck->uk", among @ member, member), 1e-9 * np.maximum(member.sum(axis=1), 1) ** 2))
    weight = np.take_along_axis(1 / lengths, kind, axis=1)
    order = np.argsort(kind, axis=1, kind="stable")
    columns, weights = (np.take_along_axis(values, order, axis=1).ravel() for values in (chosen, weight))
    ends = np.concatenate([[0], np.cumsum(member.sum(axis=1).astype(np.int64).ravel())])
    sparse = csr_array((weights.astype(np.float32), columns, ends), shape=(len(ends) - 1, len(every)))
    return np.asarray(sparse @ every, np.float64).reshape(len(chosen), MOST, -1)


def _parts(
    values: Float[np.ndarray, "unit seen"], near: Float[np.ndarray, "unit kind seen"], counts: Int[np.ndarray, " unit"]
) -> Float[np.ndarray, "unit seen"]:
    """Each patch's share of the partial correlation. All is centred, which is what a constant among the predictors does."""
    real = np.arange(near.shape[1]) < counts[:, None]
    nearest = np.where(real[:, :, None], near, -np.inf).max(axis=1)
    nearest -= nearest.mean(axis=1, keepdims=True)
    linear = _standard(near)
    together = _standard(_explained(values[:, None], linear) ** 2)
    known = np.concatenate([linear, together], axis=1)
    both = np.stack([values, nearest], axis=1)
    rest, left = np.moveaxis(both - _explained(both, known), 1, 0)
    scale = np.sqrt((rest**2).sum(axis=1) * (left**2).sum(axis=1))[:, None]
    return np.asarray(rest * left / np.maximum(scale, 1e-12))


def _explained(values: Float[np.ndarray, "unit _ seen"], by: Float[np.ndarray, "unit predictor seen"]) -> Float[np.ndarray, "unit _ seen"]:
    """Least squares, by the normal equations: predictors are few, centred and of one length."""
    turned = by.transpose(0, 2, 1)
    return np.asarray((values @ turned) @ np.linalg.pinv(by @ turned, rcond=1e-10, hermitian=True) @ by)


def _standard(values: Float[np.ndarray, "unit _ seen"]) -> Float[np.ndarray, "unit _ seen"]:
    centred = values - values.mean(axis=2, keepdims=True)
    return np.asarray(centred / np.maximum(np.sqrt((centred**2).sum(axis=2, keepdims=True)), 1e-12))
