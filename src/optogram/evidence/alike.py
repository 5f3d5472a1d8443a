"""Alike: the photographs that drive a unit most look alike, those of one half like those of the other, to a viewer that is not the network.

The 9 photographs of one half that drive the unit most (each by its strongest patch) are its exemplars; the effect is their likeness to the
strongest tenth of the other half's photographs, less that to all of them; halves are swapped and the two averaged. Nothing is compared within a
half, so that crops of one photograph are never alike by that alone. The null deals the responses of whole groups of photographs anew within each
half, the same for every unit. Each unit is measured by its own draws' mean and spread, and all draws are pooled. An untrained unit is a definite
function of the image too, and its exemplars look alike as well (SCIENCE 9): without the twins' null this proves nothing.
Cost: 12 draws of nine sums of N rows of patches each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy import stats

from optogram.evidence._blocks import block, blocks
from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of, none_tested
from optogram.evidence._classes import groups
from optogram.evidence._view import SiteView
from optogram.evidence.identification import CHOSEN, weighed
from optogram.statistics import permutation
from optogram.statistics.ranks import greatest
from optogram.statistics.verdict import Words

DRAWS = 12
POOL = 4000
"""Draws that the pool should hold at least: a site with few units gets more of each."""
SHARE = 0.1
"""The strongest so much of the other half is what exemplars should be like."""


@dataclass(frozen=True, slots=True)
class Alike(Claim):
    """Exemplars of one half beside what drives the unit in the other; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """Likeness beyond that of all photographs, and the same with responses dealt anew."""
        units = view.responses.shape[1]
        halves = [Half.of(view, fold) for fold in (0, 1)]
        if min(len(half.places) for half in halves) < 2 * CHOSEN:
            return replace(none_tested(units), notes=(f"fewer than {2 * CHOSEN} photographs in each half",) * units)
        living = np.logical_and(*(half.value.max(axis=1) > half.value.min(axis=1) for half in halves))
        rng = np.random.default_rng(0)
        own = effects(view, halves)
        drawn = [effects(view, [half.dealt(rng) for half in halves]) for _ in range(max(DRAWS, -(-POOL // max(1, int(living.sum())))))]
        table = np.where(living, np.stack([own, *drawn]), np.nan)
        spread = table.std(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            standard = np.where(spread > 1e-9, (table - table.mean(axis=0)) / spread, np.nan)
        pool = np.sort(standard[1:][~np.isnan(standard[1:])])
        counts = np.where(np.isnan(standard[0]), 0, permutation.at_least(standard[0], pool))
        effect = np.where(np.isnan(standard[0]), np.nan, own)
        p = permutation.pooled_p(standard[0], pool)
        return Measured(effect, p, counts, int(pool.size), permutation.floor(int(pool.size)), {"family": as_many(~np.isnan(effect), like)})

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """Delete-a-block jackknife over the photographs that exemplars are compared with; the exemplars, which are extremes, are held fixed."""
        if not found.tested.any():
            return (absent := np.full(len(found.effect), np.nan)), absent.copy()
        count = blocks(view.patches)
        dealt = block(view.patches, count)
        halves = [Half.of(view, fold) for fold in (0, 1)]
        without = np.stack([effects(view, halves, dealt == number) for number in range(count)])
        deviation = np.sqrt((count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        reach = stats.t.ppf(0.5 + level / 2, count - 1) * deviation
        return found.effect - reach, found.effect + reach

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean effect."""
        return mean_of("effect", network, twins, "more alike than all photographs, on average")


alike = Alike(
    name="alike",
    title="Exemplars look alike",
    unit_of_effect="cosine of exemplars with the other half's strongest tenth, less that with all",
    own_null="responses dealt anew",
    rivals="units with responses dealt anew",
    words=Words(
        "its exemplars look more alike than with responses dealt anew", "responses dealt anew do as well too often to tell", "responses dealt anew"
    ),
)


@dataclass(frozen=True, slots=True)
class Half:
    """One half of the photographs, in a random order that ties are broken by: each unit's strongest patch of each.

    `group`: what hangs together; `places` [photograph, probe] are patches; `probe` [unit, photograph] says which of them is a unit's strongest,
    `value` what it responds with; `best` are the photographs of the strongest tenth, 9 at least, weakest first.
    """

    fold: int
    group: Int[np.ndarray, " photograph"]
    places: Int[np.ndarray, "photograph probe"]
    probe: Int[np.ndarray, "unit photograph"]
    value: Float[np.ndarray, "unit photograph"]
    best: Int[np.ndarray, "unit chosen"]

    @classmethod
    def of(cls, view: SiteView, fold: int) -> Half:
        """From the responses at the probe places, of which every photograph has as many."""
        rows = np.flatnonzero(view.patches.fold == fold)
        names, counts = np.unique(view.patches.photograph[rows], return_counts=True)
        order = np.random.default_rng(fold).permutation(len(names))
        places = rows[np.argsort(view.patches.photograph[rows], kind="stable")].reshape(len(names), int(counts.max(initial=1)))[order]
        seen = np.ascontiguousarray(view.responses.T)[:, places]
        value = seen.max(axis=2)
        return cls(fold, groups(view)[names[order]], places, seen.argmax(axis=2), value, best_of(value))

    @property
    def strongest(self) -> Int[np.ndarray, "unit photograph"]:
        """Each unit's strongest patch of each photograph."""
        return np.asarray(self.places.reshape(-1)[self.probe + np.arange(len(self.places)) * self.places.shape[1]])

    def dealt(self, rng: np.random.Generator) -> Half:
        """Every group's responses given to another group, so that photographs of one go on having responses of one.

        A group takes as many of the responses as it has photographs, again from the first if they are too few.
        """
        names, of = np.unique(self.group, return_inverse=True)
        size = np.bincount(of)
        first = np.cumsum(size) - size
        shuffled = rng.permutation(len(of))
        rows = shuffled[np.argsort(of[shuffled], kind="stable")]
        other = rng.permutation(len(names))[of[rows]]
        source = np.empty(len(of), np.int64)
        source[rows] = rows[first[other] + (np.arange(len(of)) - first[of[rows]]) % size[other]]
        probe, value = self.probe.take(source, axis=1), self.value.take(source, axis=1)
        each_once = bool((np.bincount(source, minlength=len(source)) == 1).all())
        return replace(self, probe=probe, value=value, best=np.argsort(source)[self.best] if each_once else best_of(value))


def best_of(value: Float[np.ndarray, "unit photograph"]) -> Int[np.ndarray, "unit chosen"]:
    """The strongest tenth of the photographs, 9 at least, weakest first."""
    return greatest(value, max(CHOSEN, round(SHARE * value.shape[1])))


def effects(view: SiteView, halves: Sequence[Half], out: Bool[np.ndarray, " patch"] | None = None) -> Float[np.ndarray, " unit"]:
    """Each unit's likeness of exemplars and the other half's strongest tenth, less that to all of its photographs; halves averaged.

    `out`: patches that exemplars are not compared with.
    """
    place = view.patches.place
    total = np.zeros(view.responses.shape[1])
    strongest = {half.fold: half.strongest for half in halves}
    for own, other in (halves, halves[::-1]):
        exemplars = _of_each(strongest[own.fold], own.best[:, -CHOSEN:])
        near, best = weighed(view.patches, [(exemplars.T, 1)], view.patches.across(own.fold), place), other.best
        near = _of_each(near, place[strongest[other.fold]])
        if out is not None:
            kept = np.flatnonzero(~out[other.places[:, 0]])
            near, best = near[:, kept], best_of(other.value[:, kept])
        total += _of_each(near, best).mean(axis=1) - near.mean(axis=1)
    return total / 2


def _of_each(rows: Shaped[np.ndarray, "unit place"], places: Int[np.ndarray, "unit chosen"]) -> Shaped[np.ndarray, "unit chosen"]:
    """Of each row the entries at its own places, by one number an entry: in half the time of a row and a place."""
    return np.asarray(rows.reshape(-1)[places + np.arange(len(rows))[:, None] * rows.shape[1]])
