"""p by draws from a null: p = (1 + #{null >= observed}) / (1 + draws), which is never 0 (Phipson & Smyth 2010).

Values within a relative 1e-9 of each other are equal, so that rounding never turns a tie into a discovery.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from optogram.errors import SettingError

Alternative = Literal["greater", "less", "two-sided"]

_TIE = 1e-9


def floor(draws: int, alternative: Alternative = "greater") -> float:
    """The least p that so many draws can give: 1 / (1 + draws), twice that two-sided, at most 1."""
    return min(1.0, (2 if alternative == "two-sided" else 1) / (1 + draws))


def p_value(
    observed: Float[np.ndarray, " unit"], null: Float[np.ndarray, "draw unit"], alternative: Alternative = "greater"
) -> Float[np.ndarray, " unit"]:
    """Each unit's p against its own draws. NaN draws count as not drawn, a NaN observation has p NaN.

    Two-sided is twice the smaller of the two one-sided p, at most 1: no symmetry of the null is assumed.
    """
    drawn = np.sum(~np.isnan(null), axis=0)
    greater = (1 + np.sum(null >= _lowered(observed), axis=0)) / (1 + drawn)
    less = (1 + np.sum(null <= -_lowered(-observed), axis=0)) / (1 + drawn)
    return _by_alternative(greater, less, np.isnan(observed), alternative)


def pooled_p(
    observed: Float[np.ndarray, " unit"], null: Float[np.ndarray, "..."], alternative: Alternative = "greater"
) -> Float[np.ndarray, " unit"]:
    """Each unit's p against one null pooled over all draws, whatever its shape; by sorting once, so millions of draws are cheap.

    NaN draws are left out of the pool, a NaN observation has p NaN.
    """
    pool = np.sort(null[~np.isnan(null)], axis=None)
    greater = (1 + at_least(observed, pool)) / (1 + pool.size)
    less = (1 + np.searchsorted(pool, -_lowered(-observed), side="right")) / (1 + pool.size)
    return _by_alternative(greater, less, np.isnan(observed), alternative)


def at_least(observed: Float[np.ndarray, " unit"], pool: Float[np.ndarray, " draw"]) -> Int[np.ndarray, " unit"]:
    """How many draws of a sorted pool without NaN are as great as each observation: the count that p is made of."""
    return pool.size - np.searchsorted(pool, _lowered(observed), side="left")


def reach(null: Float[np.ndarray, "..."], level: float) -> float:
    """What the null reaches: an observation has pooled p <= `level` exactly if it exceeds this value.

    Infinite where so few draws were made that no observation has.
    """
    pool = np.sort(null[~np.isnan(null)], axis=None)[::-1]
    allowed = int(np.floor(level * (1 + pool.size) + _TIE)) - 1
    return float(pool[allowed]) if 0 <= allowed < pool.size else float("inf") if allowed < 0 else float("-inf")


def max_t(
    observed: Float[np.ndarray, " unit"], null: Float[np.ndarray, "draw unit"], *, step_down: bool = True, two_sided: bool = False
) -> Float[np.ndarray, " unit"]:
    """p adjusted for the whole family by the maximum over units in each draw (Westfall & Young 1993): holds the family-wise error.

    A draw is one joint permutation of all units, so that the units' dependence is kept. `step_down` compares each unit with the maximum over units
    no greater than itself, which never gives a larger p than the single step. Units that are NaN, observed or in any draw, are not tested.
    """
    if null.ndim != 2 or null.shape[1] != observed.shape[0]:
        raise SettingError(f"a max-T null is [draw, unit] over the units observed; got {null.shape} for {observed.shape[0]} units.")
    adjusted = np.full(observed.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(observed) & ~np.isnan(null).any(axis=0))
    if tested.size == 0:
        return adjusted
    seen, drawn = (np.abs(observed[tested]), np.abs(null[:, tested])) if two_sided else (observed[tested], null[:, tested])
    order = np.argsort(-seen, kind="stable")
    maxima = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    if not step_down:
        maxima = np.repeat(maxima[:, :1], order.size, axis=1)
    p = (1 + np.sum(maxima >= _lowered(seen[order]), axis=0)) / (1 + len(null))
    adjusted[tested[order]] = np.maximum.accumulate(p)
    return adjusted


def _lowered(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    wide = np.asarray(values, dtype=np.float64)
    return wide - _TIE * np.abs(wide)


def _by_alternative(
    greater: Float[np.ndarray, " unit"], less: Float[np.ndarray, " unit"], absent: np.ndarray, alternative: Alternative
) -> Float[np.ndarray, " unit"]:
    if alternative not in ("greater", "less", "two-sided"):
        raise SettingError(f'an alternative is "greater", "less" or "two-sided"; got "{alternative}".')
    two_sided = np.minimum(1.0, 2 * np.minimum(greater, less))
    p = {"greater": greater, "less": less, "two-sided": two_sided}[alternative]
    return np.where(absent, np.nan, p)
