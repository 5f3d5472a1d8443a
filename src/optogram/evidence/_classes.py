"""Photographs as observations of a class: what hangs together counted once, and Mann and Whitney's statistic for all units and classes at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats
from scipy.sparse import csr_array

from optogram.evidence._view import SiteView
from optogram.statistics.ranks import centred_ranks

LEAST = 4
"""Observations of a class, and of others, that a half needs at least."""


@dataclass(frozen=True)
class Observations:
    """Mean responses [observation, unit], one row for each group of photographs, and the fold and the rows' groups."""

    values: Float[np.ndarray, "observation unit"]
    fold: Int[np.ndarray, " observation"]


def observations(view: SiteView) -> Observations:
    """Each unit's mean over the probe places of a photograph, then over the photographs of a group: crops of one photograph are one observation."""
    group = groups(view)[view.patches.photograph]
    count = int(group.max()) + 1
    sizes = np.bincount(group, minlength=count)
    of_group = csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(count, len(group)))
    values = of_group @ view.responses.astype(np.float64)
    fold = np.zeros(count, np.int64)
    fold[group] = view.patches.fold
    return Observations(values / sizes[:, None], fold)


def by_group(view: SiteView, of: list[str | None]) -> list[str | None]:
    """What all photographs of a group have in common; None where they differ, or one of them has nothing."""
    group = groups(view)
    found: list[str | None] = []
    for number in range(int(group.max()) + 1):
        said = {of[index] for index in np.flatnonzero(group == number)}
        found.append(said.pop() if len(said) == 1 else None)
    return found


def groups(view: SiteView) -> Int[np.ndarray, " photograph"]:
    """What each photograph hangs together with, numbered; each with itself alone where nothing is known."""
    return np.arange(view.photographs) if view.stimuli is None else view.stimuli.group


@dataclass(frozen=True)
class Ranked:
    """One half's ranks [observation, unit], centred; `spread` is their standard deviation, 0 where all are tied."""

    centred: Float[np.ndarray, "observation unit"]
    spread: Float[np.ndarray, " unit"]

    @classmethod
    def of(cls, values: Float[np.ndarray, "observation unit"]) -> Ranked:
        """Average ranks, so that ties count half."""
        centred = centred_ranks(values) / 2
        return cls(centred, np.sqrt((centred**2).sum(axis=0) / (len(values) - 1)))

    def z(self, members: Bool[np.ndarray, "observation label"]) -> Float[np.ndarray, "label unit"]:
        """Mann and Whitney's rank sum of each class, standardised with ties; NaN where a unit is constant."""
        inside = members.sum(axis=0)[:, None].astype(np.float64)
        outside = len(members) - inside
        scale = np.sqrt(inside * outside / len(members)) * np.where(self.spread > 0, self.spread, np.nan)
        return np.asarray(members.astype(np.float64).T @ self.centred / scale)

    def auc(self, members: Bool[np.ndarray, "observation label"]) -> Float[np.ndarray, "label unit"]:
        """The chance that one of the class gives more than one of the others, ties half."""
        inside = members.sum(axis=0)[:, None].astype(np.float64)
        return np.asarray(0.5 + members.astype(np.float64).T @ self.centred / (inside * (len(members) - inside)))


def variance_of_auc(values: Float[np.ndarray, " observation"], member: Bool[np.ndarray, " observation"]) -> float:
    """The variance of an AUC over observations, by the placements of each side in the other (DeLong 1988)."""
    inside, outside = values[member], values[~member]
    ranks = stats.rankdata(values)
    above = (ranks[member] - stats.rankdata(inside)) / len(outside)
    below = 1 - (ranks[~member] - stats.rankdata(outside)) / len(inside)
    return float(above.var(ddof=1) / len(inside) + below.var(ddof=1) / len(outside))
