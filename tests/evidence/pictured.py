"""Sites whose units' pictures are planted: each unit reads one direction of what the viewer sees, and its picture lies along it, more or less."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from optogram.evidence._drawn import Drawn
from optogram.evidence._view import Gaze, Patches, SiteView, similarity

WIDTH = 24


def patches(rng: np.random.Generator, photographs: int, probes: int = 4) -> tuple[Patches, np.ndarray]:
    """Features of `probes` patches a photograph, which share a part; photographs fall to the folds in turn."""
    features = rng.standard_normal((photographs, 1, WIDTH)) + rng.standard_normal((photographs, probes, WIDTH))
    features = features.reshape(-1, WIDTH).astype(np.float32)
    photograph = np.repeat(np.arange(photographs), probes)
    return Patches(similarity(features), photograph % 2, photograph, Gaze.of(features)), features


def pictured(
    rng: np.random.Generator,
    units: int = 16,
    photographs: int = 60,
    *,
    noise: float = 0.5,
    blur: float = 1.0,
    true: bool = True,
    drawn: np.ndarray | None = None,
    reached: np.ndarray | None = None,
) -> SiteView:
    """`noise`: of responses; `blur`: of pictures, whose direction is off by so much of its length; `true`: whether they show their own unit.

    `drawn`: the units that have pictures, all by default.
    """
    seen, features = patches(rng, photographs)
    truth = rng.standard_normal((WIDTH, units))
    responses = features @ truth / 5 + noise * rng.standard_normal((len(features), units))
    chosen = np.arange(units) if drawn is None else drawn
    shown = truth if true else rng.standard_normal(truth.shape)

    def made(sign: float) -> Drawn:
        directions = (sign * shown + blur * rng.standard_normal(shown.shape))[:, chosen]
        likeness = seen.gaze.likeness(features.mean(axis=0) + directions.T.astype(np.float32))
        values = np.zeros(len(chosen), np.float32) if reached is None else reached[chosen].astype(np.float32)
        return Drawn(chosen, likeness, values, ("converged",) * len(chosen), (np.full((3, 4, 4), 0.5, np.float32),) * len(chosen))

    recorded = {"raised": made(1), "lowered": made(-1), "again": made(1)}
    return SiteView(SimpleNamespace(address="site", units=units), responses.astype(np.float32), seen, None, recorded)
