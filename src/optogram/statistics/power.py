"""Before the run: what could be found with so many photographs, units and twins? Closed forms on a normal model, checked by simulation in the tests.

The model: a correlation over patches has Fisher-z error sqrt((1 + rho^2 / 2) / (n - 3)) (Bonett & Wright 2000), n the effective number of
patches; wrong pictures correlate with a unit by a `spread` of their own beside that error (.1 assumed: give a pilot's); twins' families and units are
normal. Real responses are not: read the figures as what to expect at best, to one digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, special, stats

from optogram.errors import SettingError
from optogram.statistics.permutation import floor

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)


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
) -> Power:
    """The power table's row for held-out `photographs` with `probes` patches each.

    `icc`: how score times response hangs together within a photograph, about the product of the two intraclass correlations.
    Raises `SettingError` for counts that allow no test.
    """
    if photographs < 4 or units < 2 or twins < 0:
        raise SettingError(f"a plan needs at least 4 held-out photographs and 2 units; got {photographs} photographs, {units} units, {twins} twins.")
    patches = effective_patches(photographs, probes, icc)
    null = math.hypot(spread, 1 / math.sqrt(patches - 1))
    alone, together = (least_shift(share, units * (units - 1), level, power) for share in (1 / units, power))
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
        gate=least_gate_shift(twins, level, power),
        unit=least_shift(1 / units, twins * units, level, power),
        unit_together=least_shift(power, twins * units, level, power),
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


def least_shift(share: float, draws: int, level: float = 0.05, power: float = 0.8) -> float:
    """How far above a pooled null, in its standard deviations, a unit must lie to be found by Benjamini-Hochberg with that chance.

    `share` of the family is found with it: 1 / units alone, `power` if all units are alike. Infinity where the draws' floor exceeds level * share.
    """
    if floor(draws) > level * share:
        return math.inf
    return float(special.ndtri(1 - level * share) + special.ndtri(power))


def discovered(shift: float, units: int, draws: int, level: float = 0.05) -> float:
    """The share of units found, if all lie `shift` standard deviations above a pooled null: the greatest x with x = Phi(shift - z(1 - level x)).

    0 where that share would be less than one unit, or finer than the draws allow.
    """
    share = 1.0
    for _ in range(500):
        share = float(special.ndtr(shift - special.ndtri(1 - level * share)))
        if share < 1 / units or level * share < floor(draws):
            return 0.0
    return share


def identification_rate(shift: float, size: int = 32) -> float:
    """Chance that a picture `shift` standard deviations above its rivals wins a line-up of `size`: the mean of Phi(x + shift)^(size - 1)."""
    if math.isinf(shift):
        return 1.0
    return _normal_mean(special.ndtr(_NODES + shift) ** (size - 1))


def gate_power(shift: float, twins: int, level: float = 0.05) -> float:
    """Chance that the gate opens for a family `shift` standard deviations above the twins': that at most floor(level (1 + twins)) - 1 exceed it."""
    allowed = math.floor(level * (1 + twins) + 1e-9) - 1
    if allowed < 0:
        return 0.0
    return _normal_mean(stats.binom.cdf(allowed, twins, special.ndtr(-(_NODES + shift))))


def least_gate_shift(twins: int, level: float = 0.05, power: float = 0.8) -> float:
    """How far above the twins', in their standard deviations, a family must lie to open the gate with that chance; infinity with too few twins."""
    if gate_power(20.0, twins, level) < power:
        return math.inf
    return float(optimize.brentq(lambda shift: gate_power(shift, twins, level) - power, -5.0, 20.0))


def _normal_mean(values: Float[np.ndarray, " node"]) -> float:
    return float(np.sum(_WEIGHTS * values) / np.sum(_WEIGHTS))
