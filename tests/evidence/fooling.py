"""A viewer for the network of fooling circuits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optogram.zoo._fooling import SIDE


@dataclass(frozen=True)
class Pixels:
    """A viewer whose features are a patch's red and green pixels."""

    name: str = "pixels"
    side: int = SIDE

    def features(self, patches: np.ndarray) -> np.ndarray:
        return patches[..., :2].reshape(len(patches), -1).astype(np.float32)
