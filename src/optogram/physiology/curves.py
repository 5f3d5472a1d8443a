"""What tuning curves are summed up by: pure functions of rates.

Orientations are in degrees, with a period of 180. Rates are at least 0.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from optogram.errors import InputError

HALF = 0.5


def circular_variance(rates: Float[np.ndarray, "*unit orientation"], orientations: Float[np.ndarray, " orientation"]) -> Float[np.ndarray, "*unit"]:
    """1 - |sum r exp(2 i theta)| / sum r (Ringach, Shapley & Hawken 2002): 1 for a flat curve, 0 where a single orientation drives the unit.

    .5 for 1 + cos 2 theta, 1 - pi / 4 = .2146 for half-wave rectified cos 2 theta. NaN where no rate is positive. The orientations must be
    evenly spaced over 180 degrees, else `InputError`.
    """
    _check_even(orientations)
    vector = np.abs((rates * np.exp(2j * np.radians(orientations))).sum(-1))
    total = rates.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, 1 - vector / total, np.nan))


def mean_orientation(rates: Float[np.ndarray, "*unit orientation"], orientations: Float[np.ndarray, " orientation"]) -> Float[np.ndarray, "*unit"]:
    """The direction of the rates' mean vector, in degrees from 0 to 180: the preferred orientation, finer than the orientations shown."""
    _check_even(orientations)
    return np.asarray(np.degrees(np.angle((rates * np.exp(2j * np.radians(orientations))).sum(-1))) / 2 % 180)


def half_width(rates: Float[np.ndarray, " orientation"], orientations: Float[np.ndarray, " orientation"], height: float = HALF) -> float:
    """Half the width of the peak, in degrees, at `height` between the curve's least and greatest rate, interpolated linearly.

    NaN where the curve is flat; at most 90, where it never falls so low on one side.
    """
    _check_even(orientations)
    least, greatest = float(rates.min()), float(rates.max())
    if not greatest > least:
        return float("nan")
    step = 180 / len(orientations)
    level = least + height * (greatest - least)
    turned = np.roll(rates, -int(rates.argmax()))
    right, left = _crossing(turned, level), _crossing(np.roll(turned[::-1], 1), level)
    return float(min(90.0, (right + left) / 2 * step))


def octaves(rates: Float[np.ndarray, " frequency"], frequencies: Float[np.ndarray, " frequency"], height: float = HALF) -> float:
    """The width of the peak over frequency at `height` of its greatest rate, in octaves; infinite where one side does not fall so low."""
    best = int(rates.argmax())
    if rates[best] <= 0:
        return float("nan")
    level, place = height * rates[best], np.log2(frequencies)
    ends = []
    for way in (-1, 1):
        part = rates[best::way]
        below = np.flatnonzero(part < level)
        if not below.size:
            return float("inf")
        after = best + way * int(below[0])
        share = (rates[after - way] - level) / (rates[after - way] - rates[after])
        ends.append(place[after - way] + share * (place[after] - place[after - way]))
    return float(ends[1] - ends[0])


def harmonics(rates: Float[np.ndarray, "*unit phase"]) -> tuple[Float[np.ndarray, "*unit"], Float[np.ndarray, "*unit"]]:
    """F0, the mean over a drift cycle, and F1, the amplitude of its first harmonic; phases evenly spaced over one cycle, at least three."""
    phases = rates.shape[-1]
    if phases < 3:
        raise InputError(f"a drift cycle has at least 3 phases, so that a harmonic can be told from the mean; got {phases}")
    turn = np.exp(-2j * np.pi * np.arange(phases) / phases)
    return np.asarray(rates.mean(-1)), np.asarray(2 * np.abs((rates * turn).mean(-1)))


def modulation(rates: Float[np.ndarray, "*unit phase"], blank: Float[np.ndarray, "*unit"] | float = 0.0) -> Float[np.ndarray, "*unit"]:
    """F1 / |F0 - blank| over a drift cycle (Skottun et al. 1991): above 1 simple, below complex; `blank` is the rate to plain gray.

    Half-wave rectified sine pi / 2, half-wave squared 1.6977, full-wave 0, energy unit 0. Infinite for a wave around the blank's rate, which is
    linear; NaN where nothing is driven.
    """
    mean, first = harmonics(rates)
    driven = np.abs(mean - blank)
    noise = 1e-9 * (np.abs(mean) + first)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(driven > noise, first / driven, np.inf)
    return np.asarray(np.where((first > noise) | (driven > noise), ratio, np.nan))


def _crossing(curve: np.ndarray, level: float) -> float:
    """How many steps from the peak, which comes first, the curve falls to the level."""
    below = np.flatnonzero(curve < level)
    if not below.size:
        return len(curve) / 2
    after = int(below[0])
    return after - 1 + float((curve[after - 1] - level) / (curve[after - 1] - curve[after]))


def _check_even(orientations: np.ndarray) -> None:
    even = orientations[0] + np.arange(len(orientations)) * 180 / len(orientations)
    if not np.allclose(orientations, even):
        raise InputError(f"orientations are evenly spaced over 180 degrees, the last one step before the first again; got {orientations.tolist()}")
