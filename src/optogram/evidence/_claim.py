"""What every claim has in common: how it is measured, in the network and in its twins alike, and the words for it.

A claim is one file of this package, named after the `Claim` that it defines. `measure` turns what was recorded of one site of one
network into a number a unit (the effect), a p a unit against the claim's own null, and the parts that the family's statistic is made
of. The same function measures the network and every twin, so that the two are exchangeable where there is nothing to find.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from optogram.evidence._scene import Recorder
from optogram.evidence._view import SiteView
from optogram.statistics.multiplicity import adjust
from optogram.statistics.verdict import WORDS, Words


@dataclass(frozen=True, slots=True)
class Measured:
    """What one claim found at one site of one network, a number a unit; NaN where not tested.

    `effect` is what twins are compared by, greater is stronger. `at_least` of `draws` null draws did as well (`draws` 0: an exact
    test, not drawn); floor <= p. `parts` are arrays, a number a unit, of which the family's statistic is made; `notes` a few words
    about each unit for its sentence, or none. `parts["family"]`, where it is there, marks the units that the statistic is made from.
    """

    effect: Float[np.ndarray, " unit"]
    p: Float[np.ndarray, " unit"]
    at_least: Int[np.ndarray, " unit"]
    draws: int
    floor: float
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def tested(self) -> Bool[np.ndarray, " unit"]:
        """Units that have an effect and a p."""
        return np.asarray(~np.isnan(self.effect) & ~np.isnan(self.p))

    @property
    def family(self) -> Bool[np.ndarray, " unit"]:
        """The units that the family's statistic is made from: those tested, or as many of them as the network has."""
        return self.tested & self.parts["family"] if "family" in self.parts else self.tested

    @property
    def units(self) -> int:
        """How many were tested: the family that q is corrected over."""
        return int(self.tested.sum())

    @property
    def q(self) -> Float[np.ndarray, " unit"]:
        """p corrected over the units tested (Benjamini-Hochberg)."""
        return adjust(self.p)


@dataclass(frozen=True, slots=True)
class Families:
    """One figure of the network and one of each twin, all computed by one rule; `said` goes on after the figure."""

    observed: float
    twins: Float[np.ndarray, " twin"]
    said: str


@dataclass(frozen=True, slots=True)
class Claim(ABC):
    """What the judge needs to know of a claim.

    `own_null` names its own null in the table, `rivals` what that null is made of, in the plural. `sees`: whether the viewer has a
    say. `beyond_twins`: whether a verdict asks for more than untrained twins have; without it the claim says nothing about
    learning, and its sentence ends with `alone`. `needs`: what the caller must give for it ("labels", "marks", "pictures",
    "maps"; the last two only to be among "all", since they cost time). `records`: what must be recorded of the network and of each
    twin. `halves`: whether photographs are split, and what is chosen in one half tested in the other.
    """

    name: str
    title: str
    unit_of_effect: str
    own_null: str
    rivals: str
    chance: float = 0.0
    sees: bool = True
    beyond_twins: bool = True
    needs: tuple[str, ...] = ()
    words: Words = WORDS
    alone: str = "Untrained networks may do the same: this says nothing about learning."
    records: tuple[Recorder, ...] = ()
    halves: bool = True

    @abstractmethod
    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """One network at one site. `like` is the network's own measure when a twin is measured, so that the two can be made comparable."""

    @abstractmethod
    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """The effect's interval over photographs; NaN where there is none."""

    @abstractmethod
    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The family's statistic, fixed beforehand, of the network and of each twin by one rule; NaN where it cannot be had."""

    def confounds(self, view: SiteView, found: Measured) -> dict[str, float]:
        """What else the reader should know of the network at this site, by name."""
        return {}


def none_tested(units: int) -> Measured:
    """The measure of a site where the claim cannot be tested at all."""
    absent = np.full(units, np.nan)
    return Measured(absent, absent.copy(), np.zeros(units, np.int64), 0, 1.0)


def as_many(tested: Bool[np.ndarray, " unit"], like: Measured | None) -> Bool[np.ndarray, " unit"]:
    """At most as many of the units tested as the network has, drawn at random: a family's statistic varies more the fewer units it is made from.

    A network with nine living units beside twins with thirty-two would exceed them all by chance alone in a fifth of cases, not in a
    twentieth. The reverse, twins with fewer than the network, only makes the gate harder to open.
    """
    if like is None or not 0 < like.units < tested.sum():
        return tested
    kept = np.zeros_like(tested)
    kept[np.random.default_rng(0).permutation(np.flatnonzero(tested))[: like.units]] = True
    return kept


def mean_of(values: str, network: Measured, twins: Sequence[Measured], said: str) -> Families:
    """The mean over the family's units of the effect or of a part, for the network and each twin."""

    def mean(found: Measured) -> float:
        of = found.effect if values == "effect" else found.parts[values]
        return float(np.mean(of[found.family])) if found.family.any() else float("nan")

    return Families(mean(network), np.array([mean(twin) for twin in twins], dtype=np.float64), said)
