"""How right and how sure answers are. Of every photograph's four scores the first is the right answer's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from optogram.orient.uprightness import confidence
from optogram.statistics.intervals import Interval, clopper_pearson

BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """Photographs in bins of equal numbers by confidence: the mean confidence of each, how many there are, how many are right."""

    confidence: Float[np.ndarray, " bin"]
    right: Int[np.ndarray, " bin"]
    count: Int[np.ndarray, " bin"]


def rightly(logits: Float[np.ndarray, "photo 4"]) -> Bool[np.ndarray, " photo"]:
    """Which photographs are answered rightly: the upright turn scores higher than every other. Where turns score alike nothing was answered."""
    return np.asarray(logits[:, 0] > logits[:, 1:].max(1))


def accuracy(logits: Float[np.ndarray, "photo 4"]) -> Interval:
    """The share of photographs answered rightly, with its exact interval; a photograph counts once, as its four turns get the same answer, turned."""
    return clopper_pearson(int(rightly(logits).sum()), len(logits))


def at_coverage(logits: Float[np.ndarray, "photo 4"], share: float) -> Interval:
    """The accuracy on that share of photographs that is most confident."""
    kept = by_confidence(logits)[: max(1, round(share * len(logits)))]
    return accuracy(logits[kept])


def by_confidence(logits: Float[np.ndarray, "photo 4"]) -> Int[np.ndarray, " photo"]:
    """The photographs' numbers, most confident first."""
    return np.asarray(np.argsort(-confidence(logits).max(1), kind="stable"))


def reliability(logits: Float[np.ndarray, "photo 4"], bins: int = BINS) -> Reliability:
    """What the confidence says beside what it is."""
    parts = [part for part in np.array_split(by_confidence(logits)[::-1], bins) if len(part)]
    sure, right = confidence(logits).max(1), rightly(logits)
    means = np.array([sure[part].mean() for part in parts])
    return Reliability(means, np.array([int(right[part].sum()) for part in parts]), np.array([len(part) for part in parts]))


def calibration_error(logits: Float[np.ndarray, "photo 4"], bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over bins of equal numbers; 0 where a confidence of 90 % is right nine times in ten."""
    found = reliability(logits, bins)
    return float((np.abs(found.right / found.count - found.confidence) * found.count).sum() / found.count.sum())
