"""Whether a synthesised picture worked, in two words."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

VERDICTS = ("converged", "still rising", "dead start", "saturated", "no gradient", "not finite")
"""
| verdict | rule, in this order |
| --- | --- |
| not finite | the network gave NaN or infinity on the way |
| no gradient | no step had a gradient: the picture does not change the unit, and what is shown is noise |
| dead start | the unit was silent at the start and is silent on the finished picture: it never came alive |
| saturated | more than half of the picture is black or white to within .02, so that the canvas ended the climb |
| still rising | the last eighth of the steps gained over 5 % of the whole rise, and more than its own jitter |
| converged | otherwise |
"""
FAILED = ("dead start", "no gradient", "not finite")
"""A picture with one of these verdicts is the noise that it began from."""
EDGE, CROWDED, LATE = 0.02, 0.5, 0.05
SLOW = 0.01
"""A picture has arrived when a period of the transforms gains no more than this share of the whole rise."""


def judged(
    trace: Float[np.ndarray, " step"],
    image: Float[np.ndarray, "channel height width"],
    moved: bool,
    finite: bool,
    silent: bool,
    early: bool = False,
) -> str:
    """The verdict on one picture.

    `silent`: a rectified unit whose response to the finished picture is zero at every place. `early`: it arrived before its
    steps were over.
    """
    if not finite:
        return "not finite"
    if not moved:
        return "no gradient"
    if silent:
        return "dead start"
    if float(np.mean((image < EDGE) | (image > 1 - EDGE))) > CROWDED:
        return "saturated"
    return "still rising" if not early and rising(trace) else "converged"


def rising(trace: Float[np.ndarray, " step"]) -> bool:
    """Whether the last eighth of the steps still gained over 5 % of the whole rise, beyond the scatter that transforms cause."""
    if len(trace) < 16:
        return True
    part = len(trace) // 8
    last, before = trace[-part:], trace[-2 * part : -part]
    whole = float(np.mean(last) - np.mean(trace[: max(1, part // 4)]))
    gain = float(np.mean(last) - np.mean(before))
    scatter = float(np.sqrt((np.var(last) + np.var(before)) / part))
    return gain > LATE * max(whole, 0.0) and gain > 2 * scatter


def settled(trace: Float[np.ndarray, " step"]) -> int:
    """The first step from which a running mean over 16 steps stays within 5 % of the whole rise below its end."""
    width = min(16, len(trace))
    smooth = np.convolve(trace, np.ones(width) / width, mode="valid")
    level = smooth[-1] - LATE * max(float(smooth[-1] - smooth[0]), 0.0)
    below = np.flatnonzero(smooth < level)
    return int(below[-1]) + width if len(below) else width


def arrived(trace: Float[np.ndarray, " step"], period: int, slow: float = SLOW) -> bool:
    """Whether the last period gained at most `slow` of the whole rise over the one before: both hold the same transforms, so nothing scatters."""
    if len(trace) < 3 * period:
        return False
    last, before = float(np.mean(trace[-period:])), float(np.mean(trace[-2 * period : -period]))
    return not last - before > slow * (last - float(trace[0]))
