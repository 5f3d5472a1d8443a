"""Blocks of photographs for a delete-a-block jackknife."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from optogram.evidence._view import Patches

BLOCKS = 20


def blocks(patches: Patches) -> int:
    """How many blocks: none may be empty, or the jackknife's factor and degrees of freedom would be those of more draws than there are."""
    return min(BLOCKS, *(len(np.unique(patches.photograph[patches.fold == fold])) for fold in (0, 1)))


def block(patches: Patches, count: int) -> Int[np.ndarray, " patch"]:
    """Photographs dealt to blocks within each fold, so that every block takes from both."""
    rank = np.zeros(patches.photograph.max() + 1, int)
    for fold in (0, 1):
        members = np.unique(patches.photograph[patches.fold == fold])
        rank[members] = np.arange(len(members)) % count
    return np.asarray(rank[patches.photograph])
