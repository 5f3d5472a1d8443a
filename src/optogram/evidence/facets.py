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
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of, none_tested
from optogram.evidence._classes import groups
from optogram.evidence._view import SiteView
from optogram.evidence.identification import likeness
from optogram.statistics.verdict import Words

CHOSEN, MOST, LEAST_OF_A_KIND = 24, 5, 3
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
        least = np.finfo(np.float64).tiny
        effect, error, p, notes = np.full(units, np.nan), np.full(units, np.nan), np.full(units, np.nan), [""] * units
        for unit in np.flatnonzero(view.alive):
            one, other = (_half(view, group, view.responses[:, unit], fold) for fold in (0, 1))
            if one is None or other is None:
                continue
            parts = (one.parts + other.parts) / 2
            seen = np.bincount(group, minlength=len(parts)) > 0
            effect[unit] = parts.sum()
            error[unit] = np.sqrt(((parts[seen] - parts[seen].mean()) ** 2).sum())
            p[unit] = max(least, float(special.stdtr(int(seen.sum()) - 1, (NEGLIGIBLE - effect[unit]) / max(error[unit], 1e-12))))
            same = one.kinds == other.kinds
            notes[unit] = f"{one.kinds} kinds" + (
                " among what drives it most in either half" if same else f" in one half, {other.kinds} in the other"
            )
        parts_ = {"family": as_many(~np.isnan(effect), like), "error": error}
        return Measured(effect, p, np.zeros(units, np.int64), 0, least, parts_, tuple(notes))

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


@dataclass(frozen=True, slots=True)
class _Half:
    """The correlation of one half as a sum over groups, and how many kinds the other half had."""

    parts: Float[np.ndarray, " group"]
    kinds: int


def _half(view: SiteView, group: Int[np.ndarray, " patch"], responses: Float[np.ndarray, " patch"], fold: int) -> _Half | None:
    """Kinds chosen in `fold`, tested in the other; None where nothing varies there."""
    own, seen = (np.flatnonzero((view.patches.fold == fold) == same) for same in (True, False))
    order = own[np.argsort(-responses[own], kind="stable")]
    first = np.sort(np.unique(group[order], return_index=True)[1])
    chosen = order[first[:CHOSEN]]
    ranks = stats.rankdata(responses[seen])
    if ranks.std() == 0 or np.ptp(responses[own]) == 0:
        return None
    near = np.stack([likeness(view.patches, chosen[kind][:, None], seen)[:, 0] for kind in kinds(view.patches.similarity, chosen)], axis=1)
    parts = _parts(ranks, near.astype(np.float64))
    return _Half(np.bincount(group[seen], weights=parts, minlength=int(group.max()) + 1), near.shape[1])


def _parts(values: Float[np.ndarray, " seen"], near: Float[np.ndarray, "seen kind"]) -> Float[np.ndarray, " seen"]:
    """Each patch's share of the partial correlation."""
    scaled = (near - near.mean(axis=0)) / np.maximum(near.std(axis=0), 1e-12)
    linear = np.column_stack([np.ones(len(values)), scaled])
    together = linear @ np.linalg.lstsq(linear, (values - values.mean()) / values.std(), rcond=None)[0]
    known = np.column_stack([linear, together**2])
    rest, nearest = (value - known @ np.linalg.lstsq(known, value, rcond=None)[0] for value in (values, near.max(axis=1)))
    return np.asarray(rest * nearest / max(np.sqrt((rest**2).sum() * (nearest**2).sum()), 1e-12))


def kinds(similarity: Float[np.ndarray, "patch patch"], chosen: Int[np.ndarray, " chosen"]) -> list[Int[np.ndarray, " member"]]:
    """Which of the chosen are of one kind, by their places: as many kinds as have the greatest silhouette, none of fewer than three.

    Where every division has a smaller kind than that, the one in two by Ward's rule.
    """
    apart = np.clip(1 - similarity[np.ix_(chosen, chosen)].astype(np.float64), 0, None)
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, 0)
    condensed = squareform(apart, checks=False)
    tree = linkage(condensed, "average")
    divisions = [fcluster(tree, count, "maxclust") for count in range(2, MOST + 1)]
    fit = [one for one in divisions if np.bincount(one)[1:].min() >= LEAST_OF_A_KIND and one.max() > 1]
    best = max(fit, key=lambda one: silhouette(apart, one)) if fit else fcluster(linkage(condensed, "ward"), 2, "maxclust")
    return [np.flatnonzero(best == kind) for kind in np.unique(best)]


def silhouette(apart: Float[np.ndarray, "one other"], kind: Int[np.ndarray, " one"]) -> float:
    """The mean of (nearest other kind's mean distance - own kind's) / the greater of the two (Rousseeuw 1987); 0 for one alone in its kind."""
    member = kind[:, None] == np.unique(kind)
    sizes = member.sum(axis=0)
    sums = apart @ member
    own = member.argmax(axis=1)
    rows = np.arange(len(kind))
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    outside = np.where(member, np.inf, sums / sizes).min(axis=1)
    return float(np.where(sizes[own] > 1, (outside - inside) / np.maximum(np.maximum(inside, outside), 1e-12), 0).mean())
