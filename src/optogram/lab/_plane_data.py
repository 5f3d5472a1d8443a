"""Two classes of points in the square from -1 to 1: what small networks on two inputs are tried on."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from optogram.errors import SettingError, unknown

Points = tuple[Float[np.ndarray, "point 2"], Int[np.ndarray, " point"]]


def ring(count: int, seed: int) -> Points:
    """A disc of radius .45 (class 0) within a ring from .75 to 1 (class 1), half of the points each."""
    random = np.random.default_rng(seed)
    named = np.arange(count) % 2
    radius = np.where(named == 0, 0.45 * np.sqrt(random.random(count)), 0.75 + 0.25 * random.random(count))
    angle = 2 * np.pi * random.random(count)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), named


def quadrants(count: int, seed: int) -> Points:
    """Exclusive or: class 1 where both coordinates have one sign; none within .08 of an axis."""
    random = np.random.default_rng(seed)
    points = (0.08 + 0.92 * random.random((count, 2))) * random.choice([-1.0, 1.0], size=(count, 2))
    return points, (points.prod(axis=1) > 0).astype(np.int64)


def moons(count: int, seed: int) -> Points:
    """Two half circles that reach into each other, blurred by .06 (standard deviation)."""
    random = np.random.default_rng(seed)
    named = np.arange(count) % 2
    angle = np.pi * random.random(count)
    arc = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    points = np.where(named[:, None] == 0, arc, -arc) * 0.62
    return points + 0.06 * random.standard_normal(points.shape), named


PROBLEMS = {"moons": moons, "quadrants": quadrants, "ring": ring}


def drawn_points(problem: str, count: int, seed: int) -> Points:
    """Points of the named problem. Raises `SettingError` with the nearest names."""
    if problem not in PROBLEMS:
        raise SettingError(unknown("problem", problem, PROBLEMS))
    return PROBLEMS[problem](count, seed)
