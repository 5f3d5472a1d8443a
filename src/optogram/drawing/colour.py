"""Numbers as colours: blue for negative and orange for positive, equally strong; one hue for magnitudes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt8

from optogram.drawing.oklab import from_oklab, to_oklab
from optogram.drawing.theme import LIGHT, Theme, rgb

CLIPPED_AT = 0.995
"""The share of magnitudes that the colours resolve: the few beyond are drawn as the limit."""

_STEPS = 256


def limit_of(*values: Float[np.ndarray, "..."], share: float = CLIPPED_AT) -> float:
    """The magnitude at which the colours end: the 99.5th percentile of |value| over all maps given, so that they can share one scale.

    The greatest magnitude where that percentile is 0 (a map that is nearly empty); 0 where every number is 0 or none is finite.
    """
    flat = np.abs(np.concatenate([np.ravel(value) for value in values]))
    flat = flat[np.isfinite(flat)]
    if flat.size == 0:
        return 0.0
    return float(np.quantile(flat, share) or flat.max())


def signed(values: Float[np.ndarray, "*shape"], limit: float | None = None, theme: Theme = LIGHT) -> UInt8[np.ndarray, "*shape 3"]:
    """Blue below zero, orange above, symmetric about exactly 0; the colours end at `limit` (by default `limit_of`), which is to be printed.

    Equal steps look equal (OKLab), both ends are equally light and strong. NaN is gray.
    """
    end = limit_of(values) if limit is None else limit
    ramp = np.concatenate([_ramp(theme.middle, theme.low)[:0:-1], _ramp(theme.middle, theme.high)])
    share = np.nan_to_num(values / (end or 1.0)).clip(-1, 1)
    return _masked(ramp[np.rint(share * (_STEPS - 1)).astype(int) + _STEPS - 1], values, theme)


def unsigned(values: Float[np.ndarray, "*shape"], limit: float | None = None, theme: Theme = LIGHT) -> UInt8[np.ndarray, "*shape 3"]:
    """Light for 0 to dark for `limit` (by default `limit_of`) in one hue; on dark grounds the other way round. Negative numbers are drawn as 0."""
    end = limit_of(values) if limit is None else limit
    share = np.nan_to_num(values / (end or 1.0)).clip(0, 1)
    return _masked(_ramp(theme.middle, theme.shade)[np.rint(share * (_STEPS - 1)).astype(int)], values, theme)


def _masked(pixels: np.ndarray, values: np.ndarray, theme: Theme) -> np.ndarray:
    pixels[np.isnan(values)] = rgb(theme.missing)
    return pixels


@lru_cache(maxsize=16)
def _ramp(first: str, last: str) -> np.ndarray:
    """Colours from `first` to `last` in steps that look equal."""
    ends = to_oklab(np.array([rgb(first), rgb(last)]) / 255.0)
    share = np.linspace(0, 1, _STEPS)[:, None]
    colours: np.ndarray = np.rint(from_oklab(ends[0] * (1 - share) + ends[1] * share) * 255).astype(np.uint8)
    return colours
