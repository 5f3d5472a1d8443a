"""Spike-triggered average and covariance: a unit's filters from its answers to noise alone.

The average of noise pictures, each weighted with the rate that it evoked, is a linear unit's filter; axes along which the weighted pictures
spread more or less than the rest are those of quadratic units, such as complex cells (Schwartz et al. 2006). Where the noise is correlated, as
natural pictures are, both are divided by its covariance. What is found is known by what rates shifted against the pictures give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from optogram.errors import InputError, SettingError, unknown
from optogram.network.network import Network
from optogram.physiology.electrode import Electrode, electrode
from optogram.progress import Progress, track
from optogram.result import Provenance, Result

Noise = Literal["white", "natural"]
KINDS = ("white", "natural")
SPREAD = 0.17
"""Standard deviation of the noise around gray: three of them reach black and white, where it is clipped."""
SHARED = 0.8
"""Correlation of the colour channels of natural noise."""
LARGEST = 2048
"""Numbers in a field at most: the covariance has the square of that, and the pictures needed grow with it."""
RIDGE = 1e-3
SHIFTS = 19
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class SpikeTriggered(Result):
    """What noise says about units: `average` [unit, channel, height, width], each of length 1, over the neuron's field on the image.

    `axes` [axis, channel, height, width] of the first unit, each of length 1, by the variance along it, greatest first: `variances` (1 is the noise's
    own); those outside `low` to `high`, which the extreme axes of shifted rates reach, mean something. Absent where only the average was asked for.
    """

    addresses: tuple[str, ...]
    average: Float[np.ndarray, "unit channel height width"]
    pictures: int
    provenance: Provenance
    axes: Float[np.ndarray, "axis channel height width"] | None = None
    variances: Float[np.ndarray, " axis"] | None = None
    low: float = 1.0
    high: float = 1.0
    ARRAYS: ClassVar[tuple[str, ...]] = ("average", "axes", "variances")

    @property
    def exciting(self) -> int:
        """How many axes drive the unit: their variance is beyond what shifted rates give."""
        return 0 if self.variances is None else int((self.variances > self.high).sum())

    @property
    def suppressing(self) -> int:
        """How many axes silence it."""
        return 0 if self.variances is None else int((self.variances < self.low).sum())

    def __str__(self) -> str:
        axes = "" if self.variances is None else f", {self.exciting} exciting and {self.suppressing} suppressing axes"
        return f"spike-triggered average of {len(self.addresses)} units from {self.pictures:,} pictures of noise{axes}"


def spike_triggered(
    network: Network,
    address: str,
    *,
    noise: Noise = "white",
    pictures: int = 8192,
    covariance: bool = False,
    rectified: bool = True,
    seed: int = 0,
    progress: Progress = True,
) -> SpikeTriggered:
    """Shows noise in a neuron's field, gray around it, and averages by rate; all units of a bare site at once.

    `noise="natural"` has the 1/f spectrum of natural pictures and channels that vary together. About ten pictures for each pixel and channel of the
    field give a correlation of .95 for a half-wave rectified linear unit. `covariance` adds the axes of the first unit. Raises `SettingError`
    for an unknown noise, and for fields of more than 2,048 numbers, where gradients say more for less (`og.attribute`); `InputError` where noise
    changes nothing.
    """
    if noise not in KINDS:
        raise SettingError(unknown("noise", noise, KINDS))
    probe = electrode(network, address)
    shown, rates = recorded(probe, noise, pictures, rectified, seed, progress)
    asked = rates[:, :1] if covariance else rates
    if not (asked.max(0) > asked.min(0)).any():
        raise InputError(_unmoved(probe.addresses[0] if covariance else address, float(asked[0, 0]), pictures, rectified))
    seen = probe.box.within(*probe.size)
    shape = (network.channels, seen.height, seen.width)
    whitener = np.eye(shown.shape[1]) / SPREAD if noise == "white" else whitening(shown)
    settings = {"address": address, "noise": noise, "pictures": pictures, "rectified": rectified}
    provenance = Provenance("spike_triggered", network.name, network.weights_hash, method=noise, settings=settings, seed=seed)
    average = unit_length(triggered_average(shown, rates) @ whitener @ whitener).reshape(-1, *shape)
    if not covariance:
        return SpikeTriggered(probe.addresses, average, pictures, provenance)
    variances, axes, low, high = triggered_covariance(shown @ whitener, rates[:, 0], seed)
    return SpikeTriggered(probe.addresses, average, pictures, provenance, unit_length(axes @ whitener).reshape(-1, *shape), variances, low, high)


def _unmoved(named: str, rate: float, pictures: int, rectified: bool) -> str:
    """What to say of a unit that noise does not move."""
    if rate > 0 or not rectified:
        return (
            f"{named} answers {rate:.3g} to all {pictures:,} pictures of noise: noise does not move it, so nothing can be told of its filter. "
            "Name another unit."
        )
    return (
        f"{named} is silent on all {pictures:,} pictures of noise: noise does not reach its threshold, so nothing can be told of its filter. "
        "Name another unit; or, in Python, one before the rectifier with rectified=False, which keeps what a unit says below its threshold."
    )


def recorded(
    probe: Electrode, noise: Noise, pictures: int, rectified: bool = True, seed: int = 0, progress: Progress = False
) -> tuple[Float[np.ndarray, "picture pixel"], Float[np.ndarray, "picture unit"]]:
    """Noise around gray in the field, and the rates that it evoked."""
    seen = probe.box.within(*probe.size)
    channels = probe.network.channels
    size = channels * seen.height * seen.width
    if size > LARGEST:
        raise SettingError(
            f"noise finds the filters of fields of at most {LARGEST:,} numbers; this one has {channels}x{seen.height}x{seen.width} = {size:,}. "
            "Name a unit nearer to the picture, where fields are smaller, or use og.attribute, which asks gradients instead of noise."
        )
    random = np.random.default_rng(seed)
    shown, rates = [], []
    with track("noise", pictures, progress) as advance:
        for start in range(0, pictures, _CHUNK):
            patches = draw(noise, (min(_CHUNK, pictures - start), channels, seen.height, seen.width), random)
            whole = np.full((len(patches), channels, *probe.size), 0.5, np.float32)
            whole[:, :, seen.top : seen.bottom, seen.left : seen.right] += patches
            rates.append(probe.respond(whole, rectified))
            shown.append(patches.reshape(len(patches), -1))
            advance(len(patches))
    return np.concatenate(shown).astype(np.float64), np.concatenate(rates)


def draw(noise: Noise, shape: tuple[int, int, int, int], random: np.random.Generator) -> Float[np.ndarray, "picture channel height width"]:
    """Noise around 0, clipped at +-.5: white, or with amplitudes that fall as 1 / frequency and channels correlated by .8."""
    count, channels, height, width = shape
    if noise == "white":
        return np.asarray(np.clip(random.normal(0, SPREAD, shape), -0.5, 0.5), np.float32)
    # Drawn on a torus twice as large and cut out, as a torus would join opposite edges.
    size = (2 * height, 2 * width)
    radius = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None])
    fall = 1 / np.maximum(radius, 1 / max(size))
    waves = np.fft.irfft2(np.fft.rfft2(random.normal(size=(count, channels + 1, *size))) * fall, s=size)[:, :, :height, :width]
    mixed = np.sqrt(SHARED) * waves[:, :1] + np.sqrt(1 - SHARED) * waves[:, 1:] if channels > 1 else waves[:, 1:]
    return np.asarray(np.clip(mixed * SPREAD / mixed.std(), -0.5, 0.5), np.float32)


def triggered_average(shown: Float[np.ndarray, "picture pixel"], rates: Float[np.ndarray, "picture unit"]) -> Float[np.ndarray, "unit pixel"]:
    """Mean of (rate - mean rate) x picture: proportional to C w for a linear unit w in noise of covariance C, rectified or not."""
    return np.asarray((rates - rates.mean(0)).T @ (shown - shown.mean(0)) / len(shown))


def triggered_covariance(
    white: Float[np.ndarray, "picture pixel"], rates: Float[np.ndarray, " picture"], seed: int = 0
) -> tuple[Float[np.ndarray, " axis"], Float[np.ndarray, "axis pixel"], float, float]:
    """Variances along the axes of the rate-weighted pictures (greatest first), the axes, and the limits of what 19 shifted rates give.

    The average's own direction is taken out first, so that the axes are those that it does not show. `white` has unit covariance.
    """
    weights = np.maximum(rates, 0)
    centred = white - white.mean(0)
    values, vectors = _spread(centred, weights)
    shifts = np.random.default_rng(seed).choice(np.arange(1, len(weights)), SHIFTS, replace=False)
    null = [_spread(centred, np.roll(weights, shift))[0] for shift in shifts]
    return values, vectors, float(min(entry.min() for entry in null)), float(max(entry.max() for entry in null))


def whitening(shown: Float[np.ndarray, "picture pixel"]) -> Float[np.ndarray, "pixel pixel"]:
    """The symmetric square root of the inverse covariance of pictures, its least eigenvalues held up by a thousandth of the greatest."""
    values, vectors = np.linalg.eigh(np.cov(shown.T))
    return np.asarray((vectors / np.sqrt(values + RIDGE * values.max())) @ vectors.T)


def unit_length(rows: Float[np.ndarray, "row pixel"]) -> Float[np.ndarray, "row pixel"]:
    """Each row scaled to a sum of squares of 1; rows of zeros stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1))


def _spread(centred: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
    mean = share @ centred
    norm = float(mean @ mean) or 1.0
    without = centred - np.outer(centred @ mean, mean) / norm
    values, vectors = np.linalg.eigh((without * share[:, None]).T @ without + np.outer(mean, mean) / norm)
    return values[::-1], vectors.T[::-1]
