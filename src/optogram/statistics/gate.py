"""The twin null, on its two levels: would untrained networks say the same?

Twins, not units, are the independent replicates: units of one network hang together. So the family comes first (network x site x claim): its
statistic, fixed beforehand, must exceed that of the twins. The network and its twins are exchangeable under the null whatever the dependence of
units, so the gate is exact. Only then units, each against the pooled twin units of the same site. Simulated in the tests with intraclass
correlations 0 to .3: the gate holds its level, pooled p with Benjamini-Hochberg is conservative.

Twins of several kinds (re-initialised, shuffled) are not exchangeable with each other: one kind may score higher than the other whatever is learned,
and a network of the higher kind would be beyond the lower one's twins by that alone. So the network must be beyond the twins of each kind by
themselves as well, at the level (an intersection-union test: valid whichever kind the network is like).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from optogram.errors import NonFiniteError, SettingError
from optogram.statistics import permutation
from optogram.statistics.multiplicity import adjust

_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Gate:
    """A family's statistic among its twins' (twins whose statistic is NaN were dropped: the rest are still exchangeable).

    `apart`: the same against the twins of each kind by themselves, by name, where there are several kinds.
    """

    statistic: float
    reference: Float[np.ndarray, " twin"]
    apart: tuple[tuple[str, Gate], ...] = ()

    @property
    def twins(self) -> int:
        """Twins that it was compared with."""
        return int(self.reference.size)

    @property
    def exceeding(self) -> int:
        """Twins whose statistic is as great as the network's."""
        return int(np.sum(self.reference >= self.statistic - _TIE * abs(self.statistic)))

    @property
    def p(self) -> float:
        """(1 + exceeding) / (1 + twins); NaN where the network's own statistic is."""
        return float("nan") if math.isnan(self.statistic) else (1 + self.exceeding) / (1 + self.twins)

    @property
    def floor(self) -> float:
        """The least p that so many twins can give."""
        return permutation.floor(self.twins)

    @property
    def hardest(self) -> float:
        """The greatest p against the twins of one kind, p itself where there is only one: q is never below it."""
        return max([self.p, *(gate.p for _, gate in self.apart)])

    @property
    def least(self) -> float:
        """The least that `hardest` can be, with so many twins of each kind."""
        return max([self.floor, *(gate.floor for _, gate in self.apart)])

    def open_at(self, level: float = 0.05) -> bool:
        """Whether units may be claimed: beyond the twins of every kind. For several families compare `corrected` gates instead."""
        return self.hardest <= level

    def can_open(self, level: float = 0.05) -> bool:
        """Whether so many twins could open it at all."""
        return self.least <= level

    def sentence(self, level: float = 0.05) -> str:
        """What was counted, in words; says so where the twins are too few to show more."""
        kinds = " and ".join(f"{gate.exceeding} of {gate.twins} {name}" for name, gate in self.apart)
        counted = f"{self.exceeding} of {self.twins} untrained twins {f'({kinds}) ' if kinds else ''}do as well"
        return counted if self.can_open(level) else f"{counted}; {self.twins} twins cannot show more"


@dataclass(frozen=True, slots=True)
class UnitLevel:
    """Units inside an open gate: each one's p against the pooled twin units of its site, and q over the units tested."""

    p: Float[np.ndarray, " unit"]
    q: Float[np.ndarray, " unit"]
    at_least: Int[np.ndarray, " unit"]
    pool: Float[np.ndarray, " draw"]
    twins: int

    @property
    def draws(self) -> int:
        """Twin units in the pool: twins times units, less those that could not be tested."""
        return int(self.pool.size)

    @property
    def units(self) -> int:
        """The family: units tested."""
        return int(np.sum(~np.isnan(self.p)))

    @property
    def floor(self) -> float:
        """The least p that the pool allows, 1 / (T N + 1) where all live; no q is printed finer than this."""
        return permutation.floor(self.draws)

    @property
    def least_q(self) -> float:
        """The least q of a unit that is found alone: units times floor, about 1 / T."""
        return min(1.0, max(1, self.units) * self.floor)

    def can_show(self, level: float = 0.05) -> bool:
        """Whether one unit alone could reach a q of `level`; with fewer twins only many units together can."""
        return self.least_q <= level

    def reach(self, level: float = 0.05) -> float:
        """What the twins' units reach: above it, and only there, a unit's p is at most `level`."""
        return permutation.reach(self.pool, level)


def family_gate(statistic: float | np.floating, twins: Float[np.ndarray, " twin"], kinds: Sequence[str] = ()) -> Gate:
    """The gate of one family: one number of the network (a mean, a rate; fixed beforehand, greater is stronger) against one number of each twin.

    `kinds` names each twin's kind, where they are not all of one.
    """
    if twins.ndim != 1:
        raise SettingError(f"a gate compares one statistic a twin, [twin]; got {twins.shape}. Reduce over units first.")
    if math.isinf(statistic) or np.isinf(twins).any():
        raise NonFiniteError("a gate's statistics are finite, or NaN where a family could not be tested; got infinity.")
    if kinds and len(kinds) != len(twins):
        raise SettingError(f"every twin has a kind; got {len(kinds)} kinds for {len(twins)} twins.")
    names = [*dict.fromkeys(kinds)]
    members = {name: np.array([kind == name for kind in kinds]) for name in names} if len(names) > 1 else {}
    apart = tuple((name, family_gate(statistic, twins[rows])) for name, rows in members.items())
    return Gate(float(statistic), np.asarray(twins[~np.isnan(twins)], dtype=np.float64), apart)


def corrected(gates: Sequence[Gate]) -> Float[np.ndarray, " family"]:
    """q of several families' gates: p by Benjamini-Hochberg, and never less than against the hardest kind of twin.

    Exact for one family, and for several where the network is as one of all the twins. Where it is as one of a single kind, and these are above all
    others, a family's chance is up to twice its p, and so is the share of false ones among several. To correct `hardest` instead, 39 twins
    would allow only where every family is beyond them all.
    """
    return np.asarray(np.maximum(adjust(np.array([gate.p for gate in gates], dtype=np.float64)), [gate.hardest for gate in gates]))


def unit_level(observed: Float[np.ndarray, " unit"], twins: Float[np.ndarray, "twin twin_unit"]) -> UnitLevel:
    """p of each unit against all twin units pooled (they do not correspond one to one), then Benjamini-Hochberg over units.

    NaN, in the network or a twin, is a unit that could not be tested: it is in no pool and no family.
    """
    if twins.ndim != 2:
        raise SettingError(f"twins' units are [twin, unit]; got {twins.shape}.")
    pool = np.sort(twins[~np.isnan(twins)], axis=None).astype(np.float64)
    p = permutation.pooled_p(observed, pool)
    counts = np.where(np.isnan(observed), 0, permutation.at_least(observed, pool))
    return UnitLevel(p, adjust(p), counts, pool, int(np.sum(~np.isnan(twins).all(axis=1))))


def twins_needed(level: float = 0.05) -> int:
    """Twins for both levels: 1 / level of them just suffice for a unit found alone, and one more allows for twin units that are dead: 21 for .05."""
    if not 0 < level < 1:
        raise SettingError(f"a level lies between 0 and 1; got {level}.")
    return math.floor(1 / level + _TIE) + 1
