"""Correction over a whole family: adjusted p (or q) for everything that was looked at.

Benjamini-Hochberg (1995) and Benjamini-Yekutieli (2001) are scipy's; Bonferroni, Holm (1979) and Storey (2002, with the finite-sample
estimate of Storey, Taylor & Siegmund 2004) are a line each. NaN means not tested: it passes through and does not count in the family.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy import stats

from optogram.errors import SettingError, unknown

_SPLIT = 0.5


def adjust(p: Float[np.ndarray, "..."], method: str = "benjamini_hochberg") -> Float[np.ndarray, "..."]:
    """Adjusted p of one family, in the shape given; reject where it is at most the level. Never below p, never above 1.

    `method` is benjamini_hochberg (false discovery rate; independence or positive dependence), benjamini_yekutieli (any dependence),
    storey (false discovery rate, with the share of true nulls estimated), holm or bonferroni (family-wise error, any dependence).
    Raises `SettingError` for an unknown method or a p outside 0..1.
    """
    if method not in METHODS:
        raise SettingError(unknown("correction", method, METHODS))
    tested = ~np.isnan(p)
    family = np.asarray(p[tested], dtype=np.float64)
    if family.size and not (family.min() >= 0 and family.max() <= 1):
        raise SettingError(f"a p lies in 0..1; got {family.min():g} to {family.max():g}.")
    adjusted = np.full(p.shape, np.nan)
    if family.size:
        adjusted[tested] = np.clip(METHODS[method](family), family, 1.0)
    return adjusted


def check_order(floor: Float[np.ndarray, "..."] | float, p: Float[np.ndarray, "..."], q: Float[np.ndarray, "..."]) -> None:
    """Raises `SettingError` unless floor <= p <= q wherever tested: no table and no page prints a finer number than its draws allow."""
    slack = 1e-12
    for name, lower, upper in (("p below its floor", floor, p), ("q below its p", p, q)):
        wrong = np.asarray(np.less(upper, np.subtract(lower, slack)))
        if wrong.any():
            raise SettingError(f"floor <= p <= q must hold; {int(wrong.sum())} of {wrong.size} have {name}.")


def _benjamini_hochberg(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    adjusted: Float[np.ndarray, " test"] = stats.false_discovery_control(p, method="bh")
    return adjusted


def _benjamini_yekutieli(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    adjusted: Float[np.ndarray, " test"] = stats.false_discovery_control(p, method="by")
    return adjusted


def _bonferroni(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    return p * p.size


def _holm(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return stepped[np.argsort(order, kind="stable")]


def _storey(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    """Benjamini-Hochberg times the estimated share of true nulls (1 + #{p > .5}) / (.5 m), at most 1.

    Raised to p by `adjust` where the estimate would take it below: this never adds a discovery.
    """
    nulls = min(1.0, (1 + np.sum(p > _SPLIT)) / (p.size * (1 - _SPLIT)))
    return nulls * _benjamini_hochberg(p)


METHODS: dict[str, Callable[[Float[np.ndarray, " test"]], Float[np.ndarray, " test"]]] = {
    "benjamini_hochberg": _benjamini_hochberg,
    "benjamini_yekutieli": _benjamini_yekutieli,
    "storey": _storey,
    "holm": _holm,
    "bonferroni": _bonferroni,
}
