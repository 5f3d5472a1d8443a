"""What photographs usually do to a site's units, as far as an atlas's table of units keeps it."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from optogram.atlas.seen import Usual


def usual_of_table(table: Any) -> Usual:
    """From a site's `units` table; shares are read off the histograms, to within a bin.

    In an atlas that does not keep responses at places, none is unusual there.
    """
    table = table.sort_by("unit")
    mean, sd = _column(table, "mean"), _column(table, "sd")
    known = "place_sd" in table.column_names
    place_mean, place_sd = (_column(table, f"place_{name}") if known else np.zeros(len(mean)) for name in ("mean", "sd"))
    low, high, scale = (_column(table, f"bin_{name}") for name in ("low", "high", "scale"))
    bins = np.array(table.column("bins").to_pylist(), dtype=np.int64)
    return Usual(
        mean=mean,
        sd=sd,
        live=np.asarray(high > low),
        share=lambda found: share_below(found, bins, low, high, scale),
        place_mean=place_mean,
        place_sd=place_sd,
        live_at_places=np.asarray(place_sd > 0),
    )


def share_below(
    found: Float[np.ndarray, " unit"],
    bins: Int[np.ndarray, "unit bin"],
    low: Float[np.ndarray, " unit"],
    high: Float[np.ndarray, " unit"],
    scale: Float[np.ndarray, " unit"],
) -> Float[np.ndarray, " unit"]:
    """The share of counted responses below each unit's: whole bins, and the part of its own bin in equal steps of asinh."""
    first, last = np.arcsinh(low / scale), np.arcsinh(high / scale)
    width = np.where(last > first, last - first, 1)
    at = (np.arcsinh(found / scale) - first) / width * bins.shape[1]
    below = np.concatenate([np.zeros((len(bins), 1)), bins.cumsum(axis=1)], axis=1)
    edge = np.clip(np.floor(at), 0, bins.shape[1] - 1).astype(int)
    rows = np.arange(len(bins))
    counted = below[rows, edge] + np.clip(at - edge, 0, 1) * bins[rows, edge]
    return np.asarray(counted / np.maximum(below[:, -1], 1))


def _column(table: Any, name: str) -> Float[np.ndarray, " unit"]:
    return np.array(table.column(name).to_pylist(), dtype=np.float64)
