"""Levenberg-Marquardt descent of many Gabor functions at once.

Parameters are [cosine, sine, offset, row, column, log sigma across, log sigma along, angle, frequency]: amplitudes of the two phases, a constant,
the centre in pixels, widths in the logarithm of pixels, angle in radians, frequency in cycles per pixel.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

ITERATIONS = 100
RESTS = 10, 1e-5
"""A fit that so many steps improve by less than this share of its squared error is at its end, and takes no more of them."""
LEAST_WIDTH = 0.5
LEAST_CYCLES = 0.25
"""Over the kernel's side: slower waves are the same blob or edge, whatever their frequency."""
GREATEST_FREQUENCY = 0.5


def model(
    parameters: Float[np.ndarray, "fit 9"], size: tuple[int, int]
) -> tuple[Float[np.ndarray, "fit height width"], Float[np.ndarray, "fit pixel 9"]]:
    """The functions, and their derivatives by each parameter."""
    cosine, sine, offset, row, column, wide, long, angle, frequency = (values[:, None] for values in parameters.T)
    height, width = size
    down, right = np.arange(height) - row, np.arange(width) - column
    turn, tilt = np.sin(angle), np.cos(angle)
    across, along = _plane(right * turn, down * tilt, np.add), _plane(right * tilt, down * turn, np.subtract)
    narrow_across, narrow_along = across * np.exp(-wide), along * np.exp(-long)
    envelope = np.exp((narrow_across**2 + narrow_along**2) / -2)
    # The wave along rows times the wave along columns: sines of a few places, not of every pixel.
    rapid = 2 * np.pi * frequency
    (cos_right, sin_right), (cos_down, sin_down) = ((np.cos(at), np.sin(at)) for at in (rapid * turn * right, rapid * tilt * down))
    even = envelope * (_plane(cos_right, cos_down, np.multiply) - _plane(sin_right, sin_down, np.multiply))
    odd = envelope * (_plane(sin_right, cos_down, np.multiply) + _plane(cos_right, sin_down, np.multiply))
    value, slope = cosine * even + sine * odd, sine * even - cosine * odd
    by_across = rapid * slope - narrow_across * np.exp(-wide) * value
    by_along = narrow_along * -np.exp(-long) * value
    derivatives = [
        even,
        odd,
        np.ones_like(even),
        by_along * turn - by_across * tilt,
        -by_across * turn - by_along * tilt,
        narrow_across**2 * value,
        narrow_along**2 * value,
        by_across * along - by_along * across,
        2 * np.pi * across * slope,
    ]
    return (value + offset).reshape(-1, *size), np.stack(derivatives, axis=2)


def descend(
    parameters: Float[np.ndarray, "fit 9"], filters: Float[np.ndarray, "fit height width"]
) -> tuple[Float[np.ndarray, "fit 9"], Float[np.ndarray, " fit"]]:
    """The parameters after `ITERATIONS` damped steps at most (see `RESTS`), each kept only if it lowers the error, and the squared errors."""
    size = filters.shape[1:]
    low, high = _bounds(*size)
    wanted = filters.reshape(len(filters), -1)
    now = np.clip(_with_amplitudes(parameters, wanted, size), low, high)
    left, slopes, cost = _missed(now, wanted, size)
    damping = np.full(len(now), 1e-2)
    found, costs, moving, before = now.copy(), cost.copy(), np.arange(len(now)), cost
    for step_number in range(1, ITERATIONS + 1):
        turned = slopes.transpose(0, 2, 1)
        gram = turned @ slopes
        scale = np.einsum("fii->fi", gram) + 1e-9
        gram[:, range(9), range(9)] += damping[:, None] * scale
        step = np.linalg.solve(gram, turned @ left[:, :, None])[:, :, 0]
        trial = np.clip(now + step, low, high)
        left_there, slopes_there, cost_there = _missed(trial, wanted, size)
        worse = np.flatnonzero(~(cost_there < cost))
        for there, here in ((trial, now), (left_there, left), (slopes_there, slopes), (cost_there, cost)):
            there[worse] = here[worse]
        now, left, slopes, cost = trial, left_there, slopes_there, cost_there
        damping /= 3
        damping[worse] *= 12
        damping = np.clip(damping, 1e-9, 1e9)
        if step_number % RESTS[0] == 0:
            found[moving], costs[moving] = now, cost
            on = np.flatnonzero(before - cost > RESTS[1] * cost)
            moving, now, left, slopes, cost, damping, wanted = (values[on] for values in (moving, now, left, slopes, cost, damping, wanted))
            before = cost.copy()
            if not len(moving):
                break
    return found, costs


def _missed(
    parameters: Float[np.ndarray, "fit 9"], wanted: Float[np.ndarray, "fit pixel"], size: tuple[int, int]
) -> tuple[Float[np.ndarray, "fit pixel"], Float[np.ndarray, "fit pixel 9"], Float[np.ndarray, " fit"]]:
    """What the functions leave of the filters, their derivatives, and the squared errors."""
    value, slopes = model(parameters, size)
    left = wanted - value.reshape(wanted.shape)
    return left, slopes, (left**2).sum(1)


def _plane(of_columns: np.ndarray, of_rows: np.ndarray, join: np.ufunc) -> np.ndarray:
    """[fit, pixel] from what belongs to each column and to each row."""
    return np.asarray(join(of_columns[:, None, :], of_rows[:, :, None])).reshape(len(of_rows), -1)


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
