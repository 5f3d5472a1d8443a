"""A scanner session without a subject: smooth noise, the design of the salmon's study, and its t-map.

The design is written here after the description of the canonical one (two gamma densities, high-pass by cosines), since a session needs
three short formulas of it; tests compare them with the published numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage, signal, stats

SCAN = 2.0
"""Seconds between scans."""
ON, OFF, PHOTOGRAPHS = 10.0, 12.0, 15
HIGH_PASS = 128.0
VOXEL = 3.0
"""Side of a voxel, in millimetres."""
FWHM = 8.0
"""Smoothing, in millimetres."""
CUT = 3.5
"""The smoothing kernel ends so many standard deviations out."""


def canonical_response(scan: float = SCAN, parameters: tuple[float, ...] = (6, 16, 1, 1, 6, 0, 32)) -> Float[np.ndarray, " scan"]:
    """The canonical haemodynamic response sampled at each scan, summing to 1.

    A gamma density that peaks 5 s after its cause less a sixth of one that peaks at 15 s; the parameters are, in this order: the two
    shapes, the two scales, the ratio, the onset and the length, in seconds.
    """
    first, second, wide, wider, ratio, onset, length = parameters
    time = np.arange(math.floor(length / scan) + 1) * scan - onset
    response = stats.gamma.pdf(time, first / wide, scale=wide) - stats.gamma.pdf(time, second / wider, scale=wider) / ratio
    return np.asarray(response / response.sum())


def task(scans: int, scan: float = SCAN, finer: int = 16) -> Float[np.ndarray, " scan"]:
    """A photograph on for 10 s and off for 12 s, again and again, convolved with the canonical response on a grid `finer` than scans."""
    step = scan / finer
    boxcar = (np.arange(scans * finer) * step) % (ON + OFF) < ON
    response = canonical_response(step)
    return np.asarray(signal.fftconvolve(boxcar.astype(float), response)[: scans * finer : finer])


def drifts(scans: int, scan: float = SCAN, cutoff: float = HIGH_PASS) -> Float[np.ndarray, "scan drift"]:
    """Cosines slower than the cutoff, and the constant: fix(2 N TR / cutoff + 1) orthonormal columns, the constant the first of them."""
    count = math.floor(2 * scans * scan / cutoff + 1)
    angles = math.pi * (np.arange(scans) + 0.5) / scans
    columns = np.cos(angles[:, None] * np.arange(count)) * math.sqrt(2 / scans)
    columns[:, 0] = 1 / math.sqrt(scans)
    return np.asarray(columns)


@dataclass(frozen=True)
class Design:
    """A session's regressors, reduced: rows of `rest` span what the drifts leave of time, `direction` is the task in it, of length 1.

    Of scans y, z = rest y has lost its drifts and is as white as y was; the t of the task is r sqrt(df / (1 - r^2)), r the correlation
    of z with `direction`. `df`: scans less all regressors.
    """

    scans: int
    regressor: Float[np.ndarray, " scan"]
    rest: Float[np.ndarray, "row scan"]
    direction: Float[np.ndarray, " row"]

    @property
    def df(self) -> int:
        """Residual degrees of freedom: scans less drifts, the constant among them, less the task."""
        return len(self.rest) - 1

    def t_map(self, scans: Float[np.ndarray, "scan *volume"]) -> Float[np.ndarray, "*volume"]:
        """Ordinary least squares t of the task in each voxel."""
        return np.asarray(t_of(self.reduced(scans), self.direction[None], self.df)[0].reshape(scans.shape[1:]))

    def reduced(self, scans: Float[np.ndarray, "scan *volume"]) -> Float[np.ndarray, "row voxel"]:
        """What the drifts leave of each voxel's time course, of length 1."""
        left = self.rest.astype(scans.dtype) @ scans.reshape(len(scans), -1)
        return np.asarray(left / np.linalg.norm(left, axis=0))


def design(scans: int | None = None) -> Design:
    """The study's: 15 photographs, so 165 scans of 2 s, 6 columns of drift and the task, 158 degrees of freedom."""
    scans = round(PHOTOGRAPHS * (ON + OFF) / SCAN) if scans is None else scans
    slow = drifts(scans)
    whole = np.linalg.qr(np.concatenate([slow, np.eye(scans)], axis=1))[0]
    rest = whole[:, slow.shape[1] :].T
    regressor = task(scans)
    direction = rest @ regressor
    return Design(scans, regressor, rest, direction / np.linalg.norm(direction))


def t_of(reduced: Float[np.ndarray, "row voxel"], directions: Float[np.ndarray, "draw row"], df: int) -> Float[np.ndarray, "draw voxel"]:
    """t of each direction of length 1 in each voxel."""
    r = directions.astype(reduced.dtype) @ reduced
    return np.asarray(r * np.sqrt(df / np.maximum(1 - r**2, 1e-12)))


def smooth_noise(
    rng: np.random.Generator, scans: int, shape: tuple[int, int, int], fwhm: float = FWHM / VOXEL, autocorrelation: float = 0.0
) -> Float[np.ndarray, "scan x y z"]:
    """White noise in a volume padded on all sides, smoothed with a Gaussian of `fwhm` voxels, and cropped: no edge is smoother than the middle.

    `autocorrelation`: of each voxel from one scan to the next (a first-order autoregression, started in its stationary state).
    """
    pad = math.ceil(CUT * fwhm / math.sqrt(8 * math.log(2)))
    noise = rng.standard_normal((scans, *(side + 2 * pad for side in shape)), dtype=np.float32)
    if autocorrelation:
        noise[1:] *= math.sqrt(1 - autocorrelation**2)
        noise = signal.lfilter([1.0], [1.0, -autocorrelation], noise, axis=0).astype(np.float32)
    return _smoothed(noise, shape, pad, fwhm)


def _smoothed(noise: Float[np.ndarray, "scan a b c"], shape: tuple[int, int, int], pad: int, fwhm: float) -> Float[np.ndarray, "scan x y z"]:
    """Gaussian smoothing as a matrix an axis, which gives the inner part only; the kernel's squares sum to 1, so noise keeps its variance."""
    kernel = np.exp(-(np.arange(-pad, pad + 1) ** 2) * 4 * math.log(2) / fwhm**2)
    kernel /= np.linalg.norm(kernel)
    for axis, side in enumerate(shape, start=1):
        matrix = np.stack([np.pad(kernel, (place, side - 1 - place)) for place in range(side)]).astype(np.float32)
        noise = np.moveaxis(np.tensordot(noise, matrix, axes=(axis, 1)), -1, axis)
    return np.ascontiguousarray(noise)


def clusters(active: np.ndarray, extent: int = 3) -> np.ndarray:
    """The active voxels that lie in groups of at least `extent`; neighbours share a face or an edge (connectivity 18)."""
    neighbours = ndimage.generate_binary_structure(3, 2)
    numbered, count = ndimage.label(active, neighbours)
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)
    large = sizes >= extent
    large[0] = False
    return np.asarray(large[numbered])
