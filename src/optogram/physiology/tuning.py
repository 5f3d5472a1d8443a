"""Orientation, spatial frequency and phase tuning of units by drifting gratings; simple and complex cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from optogram.errors import InputError, SettingError
from optogram.network.network import Network
from optogram.physiology.curves import circular_variance, half_width, harmonics, mean_orientation, modulation, octaves
from optogram.physiology.electrode import Electrode, electrode
from optogram.physiology.gratings import GRAY, grating
from optogram.progress import Progress, track
from optogram.result import Provenance, Result

FINEST = 0.35
"""Cycles per pixel of the finest grating by default: finer ones are drawn by less than three pixels a cycle, which beat with the grid."""
DRIVEN = 1e-6
"""A unit whose rates differ by less than this share of its site's greatest rate is not driven by gratings."""


@dataclass(frozen=True, eq=False)
class Tuning(Result):
    """Rates to drifting gratings, and what they say.

    `rates` [unit, orientation, frequency, phase]; `orientations` in degrees, `frequencies` in cycles per pixel, `phases` in radians over one cycle;
    `blank` is each unit's rate to plain gray.
    """

    addresses: tuple[str, ...]
    orientations: Float[np.ndarray, " orientation"]
    frequencies: Float[np.ndarray, " frequency"]
    phases: Float[np.ndarray, " phase"]
    rates: Float[np.ndarray, "unit orientation frequency phase"]
    blank: Float[np.ndarray, " unit"]
    provenance: Provenance
    ARRAYS: ClassVar[tuple[str, ...]] = ("orientations", "frequencies", "phases", "rates", "blank")

    @cached_property
    def strength(self) -> Float[np.ndarray, "unit orientation frequency"]:
        """How strongly each grating drives each unit: the greater of F1 and |F0 - blank|."""
        mean, first = harmonics(self.rates)
        return np.asarray(np.maximum(first, np.abs(mean - self.blank[:, None, None])))

    @cached_property
    def best(self) -> Int[np.ndarray, "unit 2"]:
        """The numbers of each unit's best orientation and best frequency."""
        flat = self.strength.reshape(len(self.strength), -1).argmax(1)
        return np.stack(np.unravel_index(flat, self.strength.shape[1:]), axis=1)

    @cached_property
    def driven(self) -> Bool[np.ndarray, " unit"]:
        """Whether any grating changes the unit's rate: units that are silent, or that see no difference, have no tuning."""
        spread = self.rates.reshape(len(self.rates), -1).max(1) - self.rates.reshape(len(self.rates), -1).min(1)
        return np.asarray(spread > DRIVEN * max(float(self.rates.max()), 1e-12))

    @cached_property
    def ratio(self) -> Float[np.ndarray, " unit"]:
        """F1/F0 for each unit's best grating, the blank's rate subtracted from F0; NaN where not driven."""
        return np.where(self.driven, modulation(self.by_phase, self.blank), np.nan)

    @cached_property
    def simple(self) -> Bool[np.ndarray, " unit"]:
        """F1/F0 above 1: the response follows the stripes as they pass."""
        return np.asarray(self.ratio > 1)

    @cached_property
    def complex(self) -> Bool[np.ndarray, " unit"]:
        """F1/F0 at most 1: the response hardly depends on where the stripes are."""
        return np.asarray(self.ratio <= 1)

    @cached_property
    def by_orientation(self) -> Float[np.ndarray, "unit orientation"]:
        """Each unit's orientation curve at its best frequency: F1 or F0, whichever is greater at the best grating (Ringach 2002)."""
        rows = np.arange(len(self.rates))
        mean, first = harmonics(self.rates[rows, :, self.best[:, 1]])
        own = self.best[:, 0]
        return np.where((first[rows, own] > mean[rows, own])[:, None], first, mean)

    @cached_property
    def by_frequency(self) -> Float[np.ndarray, "unit frequency"]:
        """Each unit's spatial frequency curve at its best orientation: the greater of F1 and |F0 - blank|."""
        return np.asarray(self.strength[np.arange(len(self.rates)), self.best[:, 0]])

    @cached_property
    def by_phase(self) -> Float[np.ndarray, "unit phase"]:
        """Each unit's rates over one drift cycle of its best grating."""
        return np.asarray(self.rates[np.arange(len(self.rates)), self.best[:, 0], self.best[:, 1]])

    @cached_property
    def variance(self) -> Float[np.ndarray, " unit"]:
        """Circular variance of each orientation curve; NaN where not driven."""
        return np.where(self.driven, circular_variance(self.by_orientation, self.orientations), np.nan)

    @cached_property
    def preferred(self) -> Float[np.ndarray, " unit"]:
        """Preferred orientation in degrees: the direction of the curve's mean vector; NaN where not driven."""
        return np.where(self.driven, mean_orientation(self.by_orientation, self.orientations), np.nan)

    @cached_property
    def preferred_frequency(self) -> Float[np.ndarray, " unit"]:
        """Best spatial frequency in cycles per pixel; NaN where not driven."""
        return np.where(self.driven, self.frequencies[self.best[:, 1]], np.nan)

    @cached_property
    def bandwidth(self) -> Float[np.ndarray, " unit"]:
        """Half width at half height of each orientation curve, in degrees; NaN where not driven."""
        widths = np.array([half_width(curve, self.orientations) for curve in self.by_orientation])
        return np.where(self.driven, widths, np.nan)

    @cached_property
    def frequency_bandwidth(self) -> Float[np.ndarray, " unit"]:
        """Full width at half height of each spatial frequency curve, in octaves; infinite where an end is not seen."""
        return np.array([octaves(curve, self.frequencies) for curve in self.by_frequency])

    def __str__(self) -> str:
        driven = int(self.driven.sum())
        return f"{driven} of {len(self.driven)} units driven by gratings: {int(self.simple.sum())} simple, {int(self.complex.sum())} complex"


def tune(
    network: Network,
    address: str,
    *,
    orientations: int = 12,
    frequencies: Float[np.ndarray, " frequency"] | None = None,
    phases: int = 12,
    contrast: float = 1.0,
    rectified: bool = True,
    progress: Progress = True,
) -> Tuning:
    """Shows full-field drifting gratings in every orientation, spatial frequency and phase, and reads a unit, or all units of a site.

    `frequencies` in cycles per pixel; by default eight, evenly spaced in octaves, from one cycle over the field to .35. Costs orientations x
    frequencies x phases passes, truncated at the site, whatever the number of units. Raises `AddressError`, `SettingError`.
    """
    if orientations < 2 or phases < 3:
        raise SettingError(f"at least 2 orientations and 3 phases; got {orientations} and {phases}")
    probe = electrode(network, address).fast()
    angles, turns = np.arange(orientations) * 180 / orientations, np.arange(phases) * 2 * np.pi / phases
    cycles = default_frequencies(probe) if frequencies is None else np.asarray(frequencies, float)
    rates = np.empty((len(probe.units), len(angles), len(cycles), len(turns)))
    with track("gratings", rates[0].size, progress) as advance:
        for row, angle in enumerate(angles):
            shown = np.concatenate([grating(probe.size, angle, cycle, turns, contrast=contrast, centre=probe.centre) for cycle in cycles])
            rates[:, row] = probe.respond(shown, rectified).T.reshape(-1, len(cycles), len(turns))
            advance(len(shown))
    settings = {"address": address, "contrast": contrast, "rectified": rectified}
    provenance = Provenance("tune", network.name, network.weights_hash, method="drifting gratings", settings=settings)
    return Tuning(probe.addresses, angles, cycles, turns, rates, blank(probe, rectified), provenance)


def default_frequencies(probe: Electrode, count: int = 8) -> Float[np.ndarray, " frequency"]:
    """From one cycle over the field to `FINEST`, evenly spaced in octaves."""
    return np.asarray(np.geomspace(min(1 / probe.side, FINEST / 4), FINEST, count))


def blank(probe: Electrode, rectified: bool = True) -> Float[np.ndarray, " unit"]:
    """Each unit's rate to plain gray."""
    return np.asarray(probe.respond(np.full((1, *probe.size), GRAY, np.float32), rectified)[0])


def best_gratings(tuning: Tuning, unit: int) -> tuple[float, float]:
    """Orientation in degrees and frequency in cycles per pixel of the grating that drives a unit best; `InputError` where none does."""
    if not tuning.driven[unit]:
        raise InputError(f"{tuning.addresses[unit]} is driven by no grating: name another unit, or one before its rectifier")
    row, column = tuning.best[unit]
    return float(tuning.orientations[row]), float(tuning.frequencies[column])
