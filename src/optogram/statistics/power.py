"""Before the run: what could be found with so many photographs, units and twins? Closed forms on a normal model, checked by simulation in the tests.

The model: a correlation over patches has Fisher-z error sqrt((1 + rho^2 / 2) / (n - 3)) (Bonett & Wright 2000), n the effective number of
patches; wrong pictures correlate with a unit by a `spread` of their own beside that error (.1 assumed: give a pilot's); twins' families and units are
normal. Real responses are not: read the figures as what to expect at best, to one digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, special, stats

from optogram.errors import SettingError

_NODES = np.linspace(-8.5, 8.5, 3401)
_WEIGHTS = np.exp(-(_NODES**2) / 2) / np.sum(np.exp(-(_NODES**2) / 2))


@dataclass(frozen=True, slots=True)
class Power:
    """What one plan could find at `level` with chance `power`; infinity where nothing could.

    `patches`: independent patches that the photographs are worth. `spearman`: least correlation that differs from 0, for one of `units`.
    `advantage`: how much more than with wrong pictures a unit must correlate with its own to be found alone, and `advantage_together` if all units
    do; `rate` and `rate_together`: the identification rates (line-up of 32, or of `units`) that go with them. `gate`: how far the network's family
    must lie above the twins', in their standard deviations; `unit`, `unit_together`: how far a unit above the twins' units, alone or with all others.
    """

    photographs: int
    units: int
    twins: int
    level: float
    power: float
    patches: float
    spearman: float
    advantage: float
    advantage_together: float
    rate: float
    rate_together: float
    gate: float
    unit: float
    unit_together: float


def plan(
    photographs: int,
    units: int,
    twins: int = 39,
    *,
    probes: int = 4,
    icc: float = 0.2,
    spread: float = 0.1,
    level: float = 0.05,
    power: float = 0.8,
    kinds: int = 1,
) -> Power:
    """The power table's row for held-out `photographs` with `probes` patches each.

    `icc`: how score times response hangs together within a photograph, about the product of the two intraclass correlations. `kinds`: of so many
    kinds the twins are, in turn; a family must be beyond those of each by themselves.
    Raises `SettingError` for counts that allow no test.
    """
    if photographs < 4 or units < 2 or twins < 0:
        raise SettingError(f"a plan needs at least 4 held-out photographs and 2 units; got {photographs} photographs, {units} units, {twins} twins.")
    patches = effective_patches(photographs, probes, icc)
    null = math.hypot(spread, 1 / math.sqrt(patches - 1))
    alone, together = (least_shift(units * (units - 1), level * share, power) for share in (1 / units, power))
    size = min(32, units)
    return Power(
        photographs=photographs,
        units=units,
        twins=twins,
        level=level,
        power=power,
        patches=patches,
        spearman=least_spearman(patches, units, level, power),
        advantage=null * alone,
        advantage_together=null * together,
        rate=identification_rate(alone, size),
        rate_together=identification_rate(together, size),
        gate=_least(lambda shift: opened(shift, [len(range(kind, twins, kinds)) for kind in range(kinds)], level), power),
        unit=least_shift(twins * units, level / units, power),
        unit_together=least_shift(twins * units, level * power, power),
    )


def effective_patches(photographs: int, probes: int = 4, icc: float = 0.2) -> float:
    """Independent patches that `probes` of each photograph are worth: photographs probes / (1 + (probes - 1) icc) (Kish's design effect)."""
    return photographs * probes / (1 + (probes - 1) * icc)


def least_spearman(patches: float, tests: int = 1, level: float = 0.05, power: float = 0.8) -> float:
    """The least correlation that a one-sided test at level / tests finds with that chance; 1 where none could."""

    def excess(rho: float) -> float:
        threshold = special.ndtri(1 - level / tests) / math.sqrt(patches - 3)
        error = math.sqrt((1 + rho**2 / 2) / (patches - 3))
        return float(special.ndtr((math.atanh(rho) - threshold) / error) - power)

    if patches <= 3 or excess(1 - 1e-9) < 0:
        return 1.0
    return float(optimize.brentq(excess, 0.0, 1 - 1e-9))


def found(shift: float, draws: int, level: float = 0.05) -> float:
    """Chance of p <= level for a value `shift` standard deviations above a normal null of so many draws.

    Exact for the draws' number: at most floor(level (1 + draws)) - 1 of them may be as great. Of a family above its twins' this is the gate's power.
    """
    allowed = math.floor(level * (1 + draws) + 1e-9) - 1
    if allowed < 0:
        return 0.0
    return _normal_mean(stats.binom.cdf(allowed, draws, special.ndtr(-(_NODES + shift))))


def opened(shift: float, twins: Sequence[int], level: float = 0.05) -> float:
    """Chance that a family `shift` standard deviations above its twins' has p <= level against so many of each kind, the kinds being alike."""
    allowed = [math.floor(level * (1 + count) + 1e-9) - 1 for count in twins]
    if min(allowed) < 0:
        return 0.0
    passed = [stats.binom.cdf(most, count, special.ndtr(-(_NODES + shift))) for most, count in zip(allowed, twins, strict=True)]
    return _normal_mean(np.prod(passed, axis=0))


def least_shift(draws: int, level: float = 0.05, power: float = 0.8) -> float:
    """How far above its null, in its standard deviations, a value must lie to have p <= level with that chance; infinity with too few draws.

    For a unit found by Benjamini-Hochberg give level times the share of the family that is found with it: 1 / units alone, `power` if all are.
    """
    return _least(lambda shift: found(shift, draws, level), power)


def _least(chance: Callable[[float], float], power: float) -> float:
    """The least shift that is found with that chance; infinity where none up to 20 is."""
    if chance(20.0) < power:
        return math.inf
    return float(optimize.brentq(lambda shift: chance(shift) - power, -5.0, 20.0, xtol=1e-6))


def discovered(shift: float, units: int, draws: int, level: float = 0.05) -> float:
    """The share of units found by Benjamini-Hochberg if all lie `shift` above the null: greatest x = found(shift, draws, level x).

    0 where that share would be less than one unit.
    """
    share = 1.0
    for _ in range(200):
        before, share = share, found(shift, draws, level * share)
        if share < 1 / units:
            return 0.0
        if before - share < 1e-6:
            break
    return share


def identification_rate(shift: float, size: int = 32) -> float:
    """Chance that a picture `shift` standard deviations above its rivals wins a line-up of `size`: the mean of Phi(x + shift)^(size - 1)."""
    if math.isinf(shift):
        return 1.0
    return _normal_mean(special.ndtr(_NODES + shift) ** (size - 1))


def _normal_mean(values: Float[np.ndarray, " node"]) -> float:
    return float(np.sum(_WEIGHTS * values))
