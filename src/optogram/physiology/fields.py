"""The field by the recursive rule of the lectures, and the effective field: where the gradient's energy lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram.errors import InputError
from optogram.evenly import evenly
from optogram.network.network import Network
from optogram.network.site import Unit

WINDOWED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.LPPool2d)
ENERGY = 0.9
BATCH = 16


@dataclass(frozen=True, slots=True)
class Window:
    """One layer as the recursive rule sees it: which patch of the layer below it looks at, as rows and columns."""

    path: str
    kernel: tuple[int, int]
    stride: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Effective:
    """Where the gradient of a neuron lies: its mean energy by pixel of the input frame, and the side of the centred square with 90 % of it."""

    energy: Float[np.ndarray, "height width"]
    side: int
    units: int


def windows(network: Network) -> list[Window]:
    """The network's convolutions and pools in the order in which they are computed."""
    found = []
    for site in network.sites(default=False):
        path = site.address.partition("#")[0]
        layer = None if site.kind in ("input", "output") or "()" in path or "/" in path else network.layer(path)
        if isinstance(layer, WINDOWED):
            found.append(Window(path, *_geometry(layer)))
    return found


def recursive(below: list[Window]) -> tuple[int, int]:
    """Rows and columns of the patch of pixels that a place of the last layer sees: the last of its `patches`."""
    return patches(below)[-1]


def patches(below: list[Window]) -> list[tuple[int, int]]:
    """Rows and columns of what a place of the last layer sees of each layer below it and at last of the pixels: n <- (n - 1) stride + kernel.

    Right for a chain of layers; where paths of different widths meet, the widest of them counts and the rule does not know which.
    """
    found = [(1, 1)]
    for window in reversed(below):
        rows, columns = ((side - 1) * stride + kernel for side, stride, kernel in zip(found[-1], window.stride, window.kernel, strict=True))
        found.append((rows, columns))
    return found[1:] or found


def effective(network: Network, address: str, images: Float[Tensor, "photo channel height width"], most_units: int = 16) -> Effective:
    """Mean squared gradient of the central neuron of a unit, or of `most_units` of a site, by pixel, over images of the input frame (Luo 2016).

    One truncated pass forwards and one backwards for each unit and batch. Raises `InputError` where no gradient reaches the pixels.
    """
    units = network.units(address)
    chosen = evenly(units, most_units)
    place = units[0].place if units[0].place is not None else units[0].site.centre()
    energy = np.zeros(images.shape[2:])
    for batch in images.split(BATCH):
        for unit in chosen:
            pixels = batch.clone().requires_grad_()
            with network.tap(unit.site.address) as taps:
                network.run(pixels, "input")
            at = Unit(unit.site, unit.index, place, unit.head)
            (slope,) = torch.autograd.grad(unit.site.select(taps[unit.site.address], at).sum(), pixels)
            energy += slope.double().square().sum((0, 1)).cpu().numpy()
    if not energy.sum() > 0:
        raise InputError(f"no gradient of {address} reaches the pixels of these {len(images)} images")
    box = network.receptive_field(Unit(units[0].site, units[0].index, place if units[0].site.grid else None).address).within(*energy.shape)
    centre = ((box.top + box.bottom - 1) / 2, (box.left + box.right - 1) / 2)
    return Effective(energy / len(images) / len(chosen), square_with(energy, centre), len(chosen))


def square_with(energy: Float[np.ndarray, "height width"], centre: tuple[float, float], share: float = ENERGY) -> int:
    """The side in pixels of the least square around the centre (row, column) that holds that share of the energy."""
    rows, columns = np.mgrid[: energy.shape[0], : energy.shape[1]]
    reach = np.maximum(np.abs(rows - centre[0]), np.abs(columns - centre[1]))
    order = np.argsort(reach.ravel(), kind="stable")
    held = np.cumsum(energy.ravel()[order])
    last = reach.ravel()[order][int(np.searchsorted(held, share * held[-1] * (1 - 1e-12)))]
    return round(2 * float(last) + 1)


def _geometry(layer: nn.Module) -> tuple[tuple[int, int], tuple[int, int]]:
    kernel, stride = _pair(layer.kernel_size), _pair(layer.stride)
    dilation = _pair(getattr(layer, "dilation", 1))
    return (dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1), stride


def _pair(value: object) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, tuple) else (int(value), int(value))  # type: ignore[call-overload]
