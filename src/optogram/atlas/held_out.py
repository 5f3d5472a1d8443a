"""Photographs to mark blind, and each unit's response to them: what a reader's hypothesis is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int

from optogram.evidence.hypothesis import FORMED_IN
from optogram.images.folds import rank

if TYPE_CHECKING:
    from optogram.exemplars.panel import Panel
    from optogram.images.photos import Photos

MOST = 48


def held_out(panel: Panel, photos: Photos, most: int = MOST) -> Int[np.ndarray, " row"]:
    """Rows of the panel: photographs of the half that ideas are not from, in random order; one of each group (crops of one photograph count once)."""
    order = sorted((int(row) for row in np.flatnonzero(panel.folds != FORMED_IN)), key=lambda row: rank(panel.identities[row], seed=1))
    first: dict[str, int] = {}
    for row in order:
        first.setdefault(photos.group(int(panel.indices[row])), row)
    return np.array(list(first.values())[:most], dtype=np.int64)


def responses(panel: Panel, site: str, rows: Int[np.ndarray, " row"], order: Sequence[int]) -> bytes:
    """Each unit's mean over the probe places, as the claim `hypothesis` reads it: float32 [unit in `order`, photograph]."""
    return np.ascontiguousarray(panel.probes(site)[rows].mean(axis=1).T[list(order)].astype("<f4")).tobytes()
