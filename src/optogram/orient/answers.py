"""Predictions: which way each photograph is turned, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.orient.training import extract
from optogram.orient.turns import NAMES
from optogram.orient.uprightness import Scorer, confidence
from optogram.progress import Progress


@dataclass(frozen=True, slots=True)
class Answer:
    """One photograph: it looks turned by `turn` quarter turns counterclockwise, with that confidence; `logits` of its own four turns."""

    name: str
    turn: int
    confidence: float
    logits: tuple[float, float, float, float]

    @property
    def word(self) -> str:
        """The turn in words."""
        return NAMES[self.turn]


def predict(network: Network, scorer: Scorer, photos: Photos, *, progress: Progress = True) -> list[Answer]:
    """An answer for every readable photograph, as it is shown (turned as EXIF says). Four passes each. Raises `StaleError` for other weights."""
    scorer.check(network)
    sites = [network.site(address) for address in scorer.sites]
    indices, found = extract(network, sites, photos, scorer.side, ("none",), scorer.mirrored, progress=progress)
    return [answered(photos.identity(index), row) for index, row in zip(indices, scorer.logits(found["none"]), strict=True)]


def answered(name: str, logits: Float[np.ndarray, " 4"]) -> Answer:
    """The answer that four scores give: turned by k more it looks most upright, so it is turned by -k."""
    best = int(logits.argmax())
    values = tuple(float(value) for value in logits)
    return Answer(name, -best % 4, float(confidence(logits[None])[0, best]), (values[0], values[1], values[2], values[3]))
