"""Convolution and cross-correlation in any number of dimensions, written out, and the rule for the size of their output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from optogram.errors import SettingError


def size(inputs: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many places a window has: (n + 2 p - d (k - 1) - 1) / s rounded down, and one more; 0 where it does not fit.

    Without padding and dilation that is (n - k + 1) / s rounded up: 100 inputs and a kernel of 5 give 96 at stride 1 and 48 at stride 2.
    """
    if min(inputs, kernel, stride, dilation) < 1 or padding < 0:
        raise SettingError(
            f"inputs, kernel, stride and dilation are at least 1, padding at least 0; got {inputs}, {kernel}, {stride}, {dilation}, {padding}"
        )
    return max(0, (inputs + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


def correlate(
    signal: Float[np.ndarray, "*place"], kernel: Float[np.ndarray, "*window"], stride: int = 1, padding: int = 0, dilation: int = 1
) -> Float[np.ndarray, "*output"]:
    """Cross-correlation: at each place of the window the sum of products, y[i] = sum_j k[j] x[s i + d j]; what networks call a convolution."""
    padded = np.pad(signal, padding)
    found = np.zeros([size(side, width, stride, 0, dilation) for side, width in zip(padded.shape, kernel.shape, strict=True)])
    for offset in np.ndindex(*kernel.shape):
        starts = [dilation * entry for entry in offset]
        window = tuple(slice(start, start + stride * (count - 1) + 1, stride) for start, count in zip(starts, found.shape, strict=True))
        found += kernel[offset] * padded[window] if found.size else 0
    return found


def convolve(
    signal: Float[np.ndarray, "*place"], kernel: Float[np.ndarray, "*window"], stride: int = 1, padding: int = 0, dilation: int = 1
) -> Float[np.ndarray, "*output"]:
    """Convolution: y[i] = sum_j k[j] x[i - j], the cross-correlation with the kernel reversed along every axis."""
    return correlate(signal, reversed_(kernel), stride, padding, dilation)


def reversed_(kernel: Float[np.ndarray, "*window"]) -> Float[np.ndarray, "*window"]:
    """The kernel from its last entry to its first, along every axis."""
    return np.flip(kernel)


def placed(inputs: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """The same count by moving a window over a strip and counting where all of it lies on the strip."""
    reach = dilation * (kernel - 1)
    starts: Sequence[int] = range(-padding, inputs + padding, stride)
    return sum(start + reach < inputs + padding for start in starts)
