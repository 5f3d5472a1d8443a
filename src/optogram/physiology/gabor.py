"""Gabor functions fitted to filters by least squares from many starts.

g(x, y) = A exp(-(u / sigma_x)^2 / 2 - (v / sigma_y)^2 / 2) cos(2 pi f u + phase) + offset, u across the stripes and v along them, around (x0, y0).
The search (Levenberg and Marquardt's) starts from the peaks of the filter's spectrum, in a narrow and in a wide window. nx = sigma_x f and
ny = sigma_y f are the widths counted in cycles, as published of cortical cells (Ringach 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from optogram.errors import InputError
from optogram.physiology._gabor_descent import descend, model

LEAST_SIDE = 7
"""Smaller kernels are refused: the nine weights of a 3x3 kernel cannot hold a Gabor's seven parameters."""
PEAKS = 3
"""How many peaks of the spectrum fits are started from."""
WIDTHS = (0.15, 0.3)
"""Widths that fits are started from, in kernel sides."""
OPPONENT = 0.5
"""A filter with more than this share of its energy in differences between channels is colour-opponent."""


@dataclass(frozen=True, eq=False)
class Gabor:
    """One fitted function: lengths in pixels, angles in degrees, `orientation` that of the stripes as in `gratings.py`.

    `phase` is in 0 to 90 degrees, 0 for even (cosine) and 90 for odd (sine): the sign of a filter and the side that it is seen from do not matter.
    `r2` is the share of the filter's variance around its mean that the function explains.
    """

    row: float
    column: float
    sigma_across: float
    sigma_along: float
    orientation: float
    frequency: float
    phase: float
    r2: float
    fitted: Float[np.ndarray, "height width"]

    @property
    def nx(self) -> float:
        """Width across the stripes, in cycles."""
        return self.sigma_across * self.frequency

    @property
    def ny(self) -> float:
        """Length along the stripes, in cycles."""
        return self.sigma_along * self.frequency


@dataclass(frozen=True, eq=False)
class Colour:
    """A filter's best single picture and colour: their product explains `separable` of its energy; `opponent` of it lies in colour differences."""

    picture: Float[np.ndarray, "height width"]
    colour: Float[np.ndarray, " channel"]
    separable: float
    opponent: float


def fit(filters: Float[np.ndarray, "filter height width"]) -> list[Gabor]:
    """The Gabor function of least squared error for each filter, from `PEAKS` x 2 starts; a few ms each for 11x11.

    Raises `InputError` for kernels under 7x7, and for a filter without any variation.
    """
    height, width = filters.shape[1:]
    if min(height, width) < LEAST_SIDE:
        raise InputError(f"a Gabor function has seven parameters and is fitted to kernels of at least 7x7; got {height}x{width}")
    centred = filters - filters.mean((1, 2), keepdims=True)
    total = (centred.astype(float) ** 2).sum((1, 2))
    if not np.isfinite(total).all() or (total == 0).any():
        raise InputError("a Gabor function is fitted to a filter that varies; all weights of one are equal, or some are not finite")
    scaled = filters / np.sqrt(total)[:, None, None]
    starts = np.stack([_starts(one) for one in scaled])
    tried = starts.shape[1]
    found, cost = descend(starts.reshape(-1, starts.shape[2]), np.repeat(scaled, tried, axis=0))
    best = cost.reshape(-1, tried).argmin(1) + np.arange(len(filters)) * tried
    return [_gabor(found[index], cost[index], scaled[one].shape) for one, index in enumerate(best)]


def drawn(
    size: tuple[int, int], row: float, column: float, sigma: tuple[float, float], orientation: float, frequency: float, phase: float
) -> Float[np.ndarray, "height width"]:
    """The function itself with amplitude 1: `sigma` across and along the stripes in pixels, `orientation` and `phase` in degrees."""
    turn = np.radians(phase)
    parameters = np.array([[np.cos(turn), -np.sin(turn), 0.0, row, column, *np.log(sigma), np.radians(orientation), frequency]])
    return np.asarray(model(parameters, size)[0][0])


def colour_of(weights: Float[np.ndarray, "channel height width"]) -> Colour:
    """Splits a filter into picture times colour (singular value decomposition); `opponent` counts the energy that gray does not see.

    The colour's largest entry is positive; a gray filter has colour 1 and no opponency.
    """
    channels = len(weights)
    energy = float((weights**2).sum()) or 1.0
    left, values, right = np.linalg.svd(weights.reshape(channels, -1), full_matrices=False)
    sign = np.sign(left[np.abs(left[:, 0]).argmax(), 0]) or 1.0
    gray = float(channels * (weights.mean(0) ** 2).sum()) / energy
    picture = (sign * values[0] * right[0]).reshape(weights.shape[1:])
    return Colour(picture, sign * left[:, 0], float(values[0] ** 2) / energy, 1 - gray)


def scrambled(weights: Float[np.ndarray, "height width"], seed: int = 0) -> Float[np.ndarray, "height width"]:
    """The filter with the same amplitude spectrum and mean, and phases of white noise: the control of a fit."""
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=weights.shape))
    noise[0, 0] = 1
    turned: Complex[np.ndarray, "height width"] = np.abs(np.fft.fft2(weights)) * np.exp(1j * np.angle(noise))
    turned[0, 0] = np.fft.fft2(weights)[0, 0]
    return np.asarray(np.fft.ifft2(turned).real)


def _starts(filter_: np.ndarray) -> np.ndarray:
    """[start, parameter] from each peak of the zero-padded spectrum, with a narrow and a wide envelope around the middle of the filter's energy."""
    side, padded = max(filter_.shape), 4 * max(filter_.shape)
    power = np.abs(np.fft.fft2(filter_, s=(padded, padded))) ** 2
    down, right = np.meshgrid(np.fft.fftfreq(padded), np.fft.fftfreq(padded), indexing="ij")
    power[(down < 0) | ((down == 0) & (right < 0)) | (np.hypot(down, right) > 0.5)] = 0
    rows, columns = np.mgrid[: filter_.shape[0], : filter_.shape[1]]
    share = filter_**2 / (filter_**2).sum()
    middle = [float((rows * share).sum()), float((columns * share).sum())]
    found = []
    for _ in range(PEAKS):
        place = np.unravel_index(power.argmax(), power.shape)
        frequency, angle = max(float(np.hypot(down[place], right[place])), 1e-2), float(np.arctan2(right[place], down[place]))
        found += [np.array([0.0, 0.0, 0.0, *middle, np.log(width * side), np.log(width * side), angle, frequency]) for width in WIDTHS]
        power[np.hypot(down - down[place], right - right[place]) < 1 / side] = 0
    return np.stack(found)


def _gabor(parameters: np.ndarray, cost: float, size: tuple[int, int]) -> Gabor:
    cosine, sine, _, row, column, wide, long, angle, frequency = (float(value) for value in parameters)
    phase = float(np.degrees(np.arctan2(abs(sine), abs(cosine))))
    fitted = model(parameters[None], size)[0][0]
    return Gabor(row, column, np.exp(wide), np.exp(long), float(np.degrees(angle) % 180), frequency, phase, 1 - float(cost), fitted)
