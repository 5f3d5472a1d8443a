"""Levenberg-Marquardt descent of many Gabor functions at once.

Parameters are [cosine, sine, offset, row, column, log sigma across, log sigma along, angle, frequency]: amplitudes of the two phases, a constant,
the centre in pixels, widths in the logarithm of pixels, angle in radians, frequency in cycles per pixel.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

ITERATIONS = 100
LEAST_WIDTH = 0.5
LEAST_CYCLES = 0.25
"""Over the kernel's side: slower waves are the same blob or edge, whatever their frequency."""
GREATEST_FREQUENCY = 0.5


def model(
    parameters: Float[np.ndarray, "fit 9"], size: tuple[int, int]
) -> tuple[Float[np.ndarray, "fit height width"], Float[np.ndarray, "fit pixel 9"]]:
    """The functions, and their derivatives by each parameter."""
    cosine, sine, offset, row, column, wide, long, angle, frequency = (values[:, None] for values in parameters.T)
    rows, columns = (axis.ravel()[None].astype(float) for axis in np.mgrid[: size[0], : size[1]])
    down, right = rows - row, columns - column
    across, along = right * np.sin(angle) + down * np.cos(angle), right * np.cos(angle) - down * np.sin(angle)
    narrow_across, narrow_along = across / np.exp(wide), along / np.exp(long)
    envelope = np.exp(-(narrow_across**2 + narrow_along**2) / 2)
    even, odd = (envelope * turn(2 * np.pi * frequency * across) for turn in (np.cos, np.sin))
    value, slope = cosine * even + sine * odd, sine * even - cosine * odd
    by_across = -narrow_across / np.exp(wide) * value + 2 * np.pi * frequency * slope
    by_along = -narrow_along / np.exp(long) * value
    derivatives = [
        even,
        odd,
        np.ones_like(even),
        -by_across * np.cos(angle) + by_along * np.sin(angle),
        -by_across * np.sin(angle) - by_along * np.cos(angle),
        narrow_across**2 * value,
        narrow_along**2 * value,
        by_across * along - by_along * across,
        2 * np.pi * across * slope,
    ]
    return (value + offset).reshape(-1, *size), np.stack(derivatives, axis=2)


def descend(
    parameters: Float[np.ndarray, "fit 9"], filters: Float[np.ndarray, "fit height width"]
) -> tuple[Float[np.ndarray, "fit 9"], Float[np.ndarray, " fit"]]:
    """The parameters after `ITERATIONS` damped steps, each kept only if it lowers the error, and the squared errors."""
    size = filters.shape[1:]
    low, high = _bounds(*size)
    wanted = filters.reshape(len(filters), -1)
    now = np.clip(_with_amplitudes(parameters, wanted, size), low, high)
    value, slopes = model(now, size)
    cost = ((wanted - value.reshape(wanted.shape)) ** 2).sum(1)
    damping = np.full(len(now), 1e-2)
    for _ in range(ITERATIONS):
        left = wanted - value.reshape(wanted.shape)
        turned = slopes.transpose(0, 2, 1)
        gram = turned @ slopes
        scale = np.einsum("fii->fi", gram) + 1e-9
        gram[:, range(9), range(9)] += damping[:, None] * scale
        step = np.linalg.solve(gram, turned @ left[:, :, None])[:, :, 0]
        trial = np.clip(now + step, low, high)
        value_there, slopes_there = model(trial, size)
        cost_there = ((wanted - value_there.reshape(wanted.shape)) ** 2).sum(1)
        better = cost_there < cost
        now[better], cost[better], value[better], slopes[better] = trial[better], cost_there[better], value_there[better], slopes_there[better]
        damping = np.clip(np.where(better, damping / 3, damping * 4), 1e-9, 1e9)
    return now, cost


def _with_amplitudes(parameters: np.ndarray, wanted: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The parameters with those amplitudes and that offset that fit best, which is linear."""
    pairs = model(parameters, size)[1][:, :, :3]
    gram = np.einsum("fpi,fpj->fij", pairs, pairs)
    gram[:, range(3), range(3)] += 1e-9 * np.trace(gram, axis1=1, axis2=2)[:, None]
    amplitudes = np.linalg.solve(gram, np.einsum("fpi,fp->fi", pairs, wanted)[:, :, None])[:, :, 0]
    return np.concatenate([amplitudes, parameters[:, 3:]], axis=1)


def _bounds(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres stay on the kernel, widths between half a pixel and the kernel's side: what lies outside is not seen and fits anything."""
    widest = np.log(max(height, width))
    slowest = LEAST_CYCLES / max(height, width)
    low = [-np.inf, -np.inf, -np.inf, 0, 0, np.log(LEAST_WIDTH), np.log(LEAST_WIDTH), -np.inf, slowest]
    return np.array(low), np.array([np.inf, np.inf, np.inf, height - 1, width - 1, widest, widest, np.inf, GREATEST_FREQUENCY])
