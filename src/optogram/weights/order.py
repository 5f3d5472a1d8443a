"""An order of filters that the eye can follow."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def sensible_order(values: Float[np.ndarray, "unit channel height width"], empty: tuple[int, ...]) -> Int[np.ndarray, " unit"]:
    """Gray filters before coloured ones, then from coarse to fine in steps, then by orientation; empty ones last."""
    colour = colourfulness(values)
    frequency, orientation = spectral_peak(values)
    step = np.floor(frequency / 0.1)
    last = np.isin(np.arange(len(values)), empty)
    return np.lexsort((orientation, step, colour > 0.35, last))


def colourfulness(values: Float[np.ndarray, "unit channel height width"]) -> Float[np.ndarray, " unit"]:
    """The share of a filter's energy that is not common to its channels: 0 for gray, 1 for purely opponent."""
    total = (values**2).sum(axis=(1, 2, 3))
    common = values.shape[1] * (values.mean(axis=1) ** 2).sum(axis=(1, 2))
    return np.asarray(1 - common / np.where(total == 0, 1, total))


def spectral_peak(
    values: Float[np.ndarray, "unit channel height width"],
) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
    """The frequency (cycles a pixel) and orientation (radians, 0 to pi) where a filter's power spectrum is greatest."""
    side = 64
    power = (np.abs(np.fft.fft2(values, s=(side, side))) ** 2).sum(axis=1)
    rows, columns = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    peak = power.reshape(len(values), -1).argmax(axis=1)
    row, column = rows.reshape(-1)[peak], columns.reshape(-1)[peak]
    return np.hypot(row, column), np.mod(np.arctan2(row, column), np.pi)
