"""Selective: the unit tells one class folder from all others (AUC), its class chosen in one half of the photographs and tested in the other.

In each half the class with the greatest standardised rank sum is chosen for each unit; the other half says how well the unit tells it from the
rest. The effect is the mean of the two AUC. The null deals the labels anew within each half and does all of that again, for all units and
classes together, so that the choice among classes is in it; units are then corrected by Benjamini-Hochberg. A group of photographs (crops of one)
is one observation, and a class needs four in each half. Cost: 199 products of labels and ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

from optogram.evidence._claim import Claim, Families, Measured, as_many, mean_of, none_tested
from optogram.evidence._classes import LEAST, Observations, Ranked, by_group, observations, variance_of_auc
from optogram.evidence._view import SiteView
from optogram.statistics import permutation
from optogram.statistics.effects import d_prime_of_auc
from optogram.statistics.verdict import Words

DRAWS = 199


@dataclass(frozen=True, slots=True)
class Selective(Claim):
    """Class folders told apart; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The cross-fitted AUC of each unit's best class."""
        halves = _halves(view)
        if halves is None:
            note = f"no class folder has {LEAST} photographs (groups counted once) in each half"
            return replace(none_tested(view.responses.shape[1]), notes=(note,) * view.responses.shape[1])
        ranked = [Ranked.of(values) for values in halves.values]
        statistic, chosen = _cross_fitted([half.z(members) for half, members in zip(ranked, halves.members, strict=True)])
        null = _null(ranked, halves.members)
        pool = np.sort(null[~np.isnan(null)], axis=None)
        effect = _effect([half.auc(members) for half, members in zip(ranked, halves.members, strict=True)], chosen)
        effect = np.where(np.isnan(statistic), np.nan, effect)
        counts = np.where(np.isnan(statistic), 0, permutation.at_least(statistic, pool))
        parts = {"family": as_many(~np.isnan(effect), like), "chosen0": chosen[0], "chosen1": chosen[1]}
        return Measured(
            effect, permutation.pooled_p(statistic, pool), counts, pool.size, permutation.floor(pool.size), parts, _notes(halves, effect, chosen)
        )

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """DeLong's, over groups of photographs, the chosen classes held fixed."""
        low, high = np.full((2, len(found.effect)), np.nan)
        halves = _halves(view)
        if halves is None:
            return low, high
        for unit in np.flatnonzero(found.tested):
            label = [int(found.parts[f"chosen{half}"][unit]) for half in (0, 1)]
            both = [variance_of_auc(halves.values[half][:, unit], halves.members[half][:, label[1 - half]]) for half in (0, 1)]
            reach = special.ndtri(0.5 + level / 2) * np.sqrt(sum(both)) / 2
            low[unit], high[unit] = found.effect[unit] - reach, found.effect[unit] + reach
        return np.maximum(low, 0), np.minimum(high, 1)

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The mean AUC."""
        return mean_of("effect", network, twins, "mean AUC of a unit's class")


selective = Selective(
    name="selective",
    title="Tells a class from the others",
    unit_of_effect="area under the curve of its class, chosen in the other half",
    own_null="labels dealt anew",
    rivals="units with labels dealt anew",
    chance=0.5,
    sees=False,
    needs=("labels",),
    words=Words(
        "it tells its class from the others better than with labels dealt anew", "labels dealt anew do as well too often to tell", "labels dealt anew"
    ),
)


@dataclass(frozen=True)
class Halves:
    """Each half's responses and classes; `labels` are those with enough observations in both."""

    values: list[Float[np.ndarray, "_ unit"]]
    members: list[Bool[np.ndarray, "_ label"]]
    labels: list[str]


def _halves(view: SiteView) -> Halves | None:
    if view.stimuli is None:
        return None
    seen: Observations = observations(view)
    named = np.array([label or "" for label in by_group(view, list(view.stimuli.label))])
    counts = {label: [int(((named == label) & (seen.fold == half)).sum()) for half in (0, 1)] for label in sorted({*named.tolist()} - {""})}
    sizes = [int((seen.fold == half).sum()) for half in (0, 1)]
    labels = [label for label, pair in counts.items() if all(LEAST <= own <= size - LEAST for own, size in zip(pair, sizes, strict=True))]
    if not labels:
        return None
    rows = [seen.fold == half for half in (0, 1)]
    return Halves([seen.values[row] for row in rows], [named[row][:, None] == np.array(labels) for row in rows], labels)


def _cross_fitted(z: list[Float[np.ndarray, "label unit"]]) -> tuple[Float[np.ndarray, " unit"], list[Int[np.ndarray, " unit"]]]:
    """The two halves' standardised rank sums of the class that the other half chose, over sqrt 2 (NaN for constant units); what each half chose."""
    chosen = [np.where(np.isnan(half), -np.inf, half).argmax(axis=0) for half in z]
    units = np.arange(z[0].shape[1])
    return (z[1][chosen[0], units] + z[0][chosen[1], units]) / np.sqrt(2), chosen


def _effect(auc: list[Float[np.ndarray, "label unit"]], chosen: list[Int[np.ndarray, " unit"]]) -> Float[np.ndarray, " unit"]:
    units = np.arange(auc[0].shape[1])
    return np.asarray((auc[1][chosen[0], units] + auc[0][chosen[1], units]) / 2)


def _null(ranked: list[Ranked], members: list[Bool[np.ndarray, "_ label"]]) -> Float[np.ndarray, "draw unit"]:
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(DRAWS):
        dealt = [half.z(rng.permutation(own)) for half, own in zip(ranked, members, strict=True)]
        draws.append(_cross_fitted(dealt)[0])
    return np.stack(draws)


def _notes(halves: Halves, effect: Float[np.ndarray, " unit"], chosen: list[Int[np.ndarray, " unit"]]) -> tuple[str, ...]:
    notes = []
    for unit, value in enumerate(effect):
        names = list(dict.fromkeys(halves.labels[int(half[unit])] for half in chosen))
        both = f"Class {names[0]} in both halves" if len(names) == 1 else f"Class {names[0]} in one half, {names[1]} in the other"
        apart = float(d_prime_of_auc(np.asarray(np.clip(value, 1e-4, 1 - 1e-4))))
        notes.append("it is constant in one half" if np.isnan(value) else f"{both}, of {len(halves.labels)}: AUC {value:.2f} (d' {apart:.2f})")
    return tuple(notes)
