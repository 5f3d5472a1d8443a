"""Maps made equally blurry before they are compared, since tests by removal favour blurry maps.

A map's width is the full width at half maximum of its autocorrelation, in pixels: that of white noise smoothed with a Gaussian of
standard deviation s is 4 sqrt(ln 2) s (its autocorrelation is a Gaussian of standard deviation sqrt(2) s).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import blurred

HALVINGS = 12


def width_of(maps: Float[Tensor, "batch height width"]) -> Float[Tensor, "batch"]:
    """Each map's width in pixels: the mean over both axes; NaN for a constant map."""
    centred = (maps - maps.mean(dim=(1, 2), keepdim=True)).double()
    return torch.stack([_width(centred, axis) for axis in (1, 2)]).mean(dim=0).to(maps.dtype)


def blurred_to(maps: Float[Tensor, "batch height width"], width: float) -> Float[Tensor, "batch height width"]:
    """Each map smoothed with the Gaussian that gives it this width; one that is wider already stays as it is."""
    return torch.stack([_blurred_to(one[None], width)[0] for one in maps])


def _blurred_to(one: Tensor, width: float) -> Tensor:
    if not bool(one.isfinite().all()) or not float(width_of(one)[0]) < width:
        return one
    low, high = 0.0, float(width)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        wide = float(width_of(_smooth(one, middle))[0])
        low, high = (low, middle) if wide > width else (middle, high)
    return _smooth(one, (low + high) / 2)


def _smooth(maps: Tensor, sigma: float) -> Tensor:
    return blurred(maps[:, None], sigma)[:, 0]


def _width(centred: Tensor, axis: int) -> Tensor:
    """By way of the power spectrum along one axis; between lags the autocorrelation is taken as straight."""
    side = centred.shape[axis]
    power = torch.fft.rfft(centred, n=2 * side, dim=axis).abs().square().sum(dim=3 - axis)
    correlation = torch.fft.irfft(power, n=2 * side, dim=1)[:, :side]
    correlation = correlation / torch.arange(side, 0, -1, device=centred.device)
    relative = correlation / correlation[:, :1]
    found = torch.full((len(centred),), math.nan, dtype=torch.float64, device=centred.device)
    for row, line in enumerate(relative):
        if not bool(line.isfinite().all()):
            continue
        below = (line < 0.5).nonzero()
        if len(below) == 0:
            found[row] = 2.0 * side
            continue
        lag = int(below[0])
        before, after = line[lag - 1], line[lag]
        found[row] = 2 * (lag - 1 + (before - 0.5) / (before - after))
    return found
