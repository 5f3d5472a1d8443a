"""A unit's responses as a histogram that shows the tail: equal steps of asinh, not of the response."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

BINS = 40


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between `low` and `high` (responses) in equal steps of asinh(response / scale)."""

    counts: tuple[int, ...]
    low: float
    high: float
    scale: float


def histogram(responses: Float[np.ndarray, " photographs"], bins: int = BINS) -> Histogram:
    """The panel's responses of one unit; `scale` is their median absolute value, so that the middle is spread out."""
    finite = responses[np.isfinite(responses)].astype(np.float64)
    if finite.size == 0:
        return Histogram((0,) * bins, 0.0, 0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    scale = float(np.median(np.abs(finite))) or float(np.abs(finite).max()) or 1.0
    edges = np.linspace(np.arcsinh(low / scale), np.arcsinh(high / scale), bins + 1)
    if edges[0] == edges[-1]:
        return Histogram((int(finite.size),) + (0,) * (bins - 1), low, high, scale)
    counts, _ = np.histogram(np.arcsinh(finite / scale), edges)
    return Histogram(tuple(int(count) for count in counts), low, high, scale)
