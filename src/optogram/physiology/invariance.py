"""How much of a unit's response survives when the picture is moved, resized, lit or turned; and what pooling makes of simple cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from optogram.errors import InputError, SettingError, unknown
from optogram.network.network import Network
from optogram.network.site import Site, Unit
from optogram.physiology.electrode import electrode
from optogram.physiology.gratings import bar, grating

LEVELS: dict[str, tuple[float, ...]] = {
    "position": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
    "size": (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4),
    "illumination": (0.4, 0.6, 0.8, 1.0, 1.2, 1.4),
    "orientation": (0.0, 5.0, 10.0, 20.0, 30.0, 45.0, 90.0),
}
"""Pixels to the right; factors of size and of light; degrees counterclockwise."""
UNCHANGED = {"position": 0.0, "size": 1.0, "illumination": 1.0, "orientation": 0.0}
ROUNDING = 1e-6
"""A unit that varies by less than this share of its site's liveliest one does not vary."""
Pooling = Literal["max", "sum", "squares"]
POOLINGS: tuple[Pooling, ...] = ("max", "sum", "squares")


@dataclass(frozen=True, eq=False)
class Invariance:
    """`curves`: for each change, [site, level], the mean over units of the correlation of responses before and after; 1 where nothing changes.

    `units` of each site varied over the images and were counted.
    """

    sites: tuple[str, ...]
    levels: Mapping[str, tuple[float, ...]]
    curves: Mapping[str, Float[np.ndarray, "site level"]]
    units: tuple[int, ...]


def invariance(
    network: Network,
    sites: Sequence[str],
    images: Float[Tensor, "photo channel height width"],
    levels: Mapping[str, tuple[float, ...]] | None = None,
    groups: Sequence[str] | None = None,
) -> Invariance:
    """Correlates, over images of the input frame, each unit's rate at the site's central place before and after each change.

    The neuron stays, the picture changes; responses are rectified. `groups`: correlate within these (crops of one photograph), so that it does not
    count as invariance that a changed crop still comes from the same photograph. Costs one pass of the images for each level of each change. Needs
    at least three images (`InputError`): a correlation over fewer says nothing.
    """
    if len(images) < 3:
        raise InputError(f"invariance correlates over at least 3 images; got {len(images)}")
    wanted = dict(LEVELS if levels is None else levels)
    places = [network.site(address) for address in sites]
    kin = np.zeros(len(images), int) if groups is None else np.unique(list(groups), return_inverse=True)[1]
    before = _central(network, places, images)
    curves: dict[str, np.ndarray] = {}
    for change, steps in wanted.items():
        columns = [_central(network, places, changed(images, change, level)) for level in steps]
        curves[change] = np.array([[alike(one, other, kin) for one, other in zip(before, after, strict=True)] for after in columns]).T
    return Invariance(tuple(sites), wanted, curves, tuple(int((one.std(0) > 0).sum()) for one in before))


def changed(images: Float[Tensor, "photo channel height width"], change: str, level: float) -> Float[Tensor, "photo channel height width"]:
    """The images moved, resized, lit or turned around their middle; what comes in from outside is mirrored."""
    if change not in UNCHANGED:
        raise SettingError(unknown("change", change, list(UNCHANGED)))
    if level == UNCHANGED[change]:
        return images
    if change == "illumination":
        return (images * level).clamp(0, 1)
    turn = np.radians(level) if change == "orientation" else 0.0
    scale = 1 / level if change == "size" else 1.0
    shift = -2 * level / images.shape[3] if change == "position" else 0.0
    aspect = images.shape[2] / images.shape[3]
    rows = [[np.cos(turn) * scale, -np.sin(turn) * scale * aspect, shift], [np.sin(turn) * scale / aspect, np.cos(turn) * scale, 0.0]]
    grid = F.affine_grid(torch.tensor([rows], dtype=images.dtype).expand(len(images), -1, -1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def alike(before: Float[np.ndarray, "photo unit"], after: Float[np.ndarray, "photo unit"], groups: Int[np.ndarray, " photo"] | None = None) -> float:
    """Mean over units of the correlation over images, within groups where they are given (their means are taken out first).

    A unit that falls silent counts 0, one that was constant before, but for rounding, is left out.
    """
    kin = np.zeros(len(before), int) if groups is None else groups
    one, other = _within(before, kin), _within(after, kin)
    lengths = np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0)
    alive = lengths[0] > max(1e-9, ROUNDING * float(lengths[0].max()))
    if not alive.any():
        return float("nan")
    product = (one * other).sum(0)[alive]
    both = (lengths[0] * lengths[1])[alive]
    return float(np.where(both > 1e-12, product / np.where(both > 1e-12, both, 1), 0).mean())


def crossing(
    network: Network, address: str, *, orientation: float = 90, width: float = 2, offsets: Float[np.ndarray, " offset"] | None = None
) -> tuple[Float[np.ndarray, " offset"], Float[np.ndarray, "offset place"]]:
    """A standing bar moves to the right through the fields of one unit's neurons of the middle row: rates by its offset (pixels) and column.

    As it leaves one neuron's field it enters the neighbour's: position by which unit, not by how strongly.
    """
    unit = network.unit(address)
    if len(unit.site.grid) != 2:
        raise InputError(
            f"a bar crosses the fields of neighbours; {unit.site.address} has {unit.site.describe_grid()}: name a unit that has rows and columns"
        )
    probe = electrode(network, address)
    half = (probe.size[1] - 1) / 2
    moved = np.arange(-half, half + 1) if offsets is None else offsets
    shown = bar(probe.size, orientation, width, 2 * probe.side, offset=moved)
    pictures = torch.from_numpy(shown)[:, None].expand(-1, network.channels, -1, -1)
    with torch.no_grad():
        maps = unit.site.select(network.read(unit.site, pictures), Unit(unit.site, unit.index, None, unit.head))
    return moved, np.maximum(np.asarray(maps[:, maps.shape[1] // 2].cpu(), float), 0)


def pooled_drift(
    network: Network,
    site: str,
    windows: Sequence[int],
    orientations: Float[np.ndarray, " orientation"],
    frequencies: Float[np.ndarray, " frequency"],
    phases: int = 12,
) -> Float[np.ndarray, "pooling window unit orientation frequency phase"]:
    """Rates to drifting gratings of every unit pooled over square windows of places around the centre: by maximum, sum, and sum of squares."""
    where = network.site(site)
    if len(where.grid) != 2 or max(windows) > min(where.grid):
        raise SettingError(f"windows are squares of places within {where.describe_grid()} of {site}; got {tuple(windows)}")
    turns = np.arange(phases) * 2 * np.pi / phases
    rates = np.empty((len(POOLINGS), len(windows), where.units, len(orientations), len(frequencies), phases))
    for row, angle in enumerate(orientations):
        for column, frequency in enumerate(frequencies):
            pictures = torch.from_numpy(grating(network.input_size, angle, frequency, turns))[:, None].expand(-1, network.channels, -1, -1)
            with torch.no_grad():
                raw = network.read(where, pictures)
            maps = where.places(raw).clamp_min(0).reshape(phases, where.units, *where.grid_of(raw))
            for number, window in enumerate(windows):
                rates[:, number, :, row, column] = _pooled(maps, window)
    return rates


def _pooled(maps: Tensor, window: int) -> Float[np.ndarray, "pooling unit phase"]:
    top, left = ((side - window) // 2 for side in maps.shape[2:])
    part = maps[:, :, top : top + window, left : left + window].flatten(2).double()
    return np.asarray(torch.stack([part.amax(2), part.sum(2), part.square().sum(2)]).transpose(1, 2).cpu())


def _within(rates: np.ndarray, groups: np.ndarray) -> np.ndarray:
    sums = np.zeros((int(groups.max()) + 1, rates.shape[1]))
    np.add.at(sums, groups, rates)
    return np.asarray(rates - (sums / np.bincount(groups)[:, None])[groups])


@torch.no_grad()
def _central(network: Network, sites: Sequence[Site], images: Tensor) -> list[Float[np.ndarray, "photo unit"]]:
    """Rectified responses of all units at each site's central place."""
    found: list[list[np.ndarray]] = [[] for _ in sites]
    for batch in images.split(64):
        with network.tap(*(site.address for site in sites)) as taps:
            network.run(batch, "input")
        for held, site in zip(found, sites, strict=True):
            raw = taps[site.address]
            flat = 0 if not site.grid else site.flat_place(site.centre(), site.grid_of(raw))
            held.append(np.maximum(np.asarray(site.places(raw)[:, :, flat].cpu(), float), 0))
    return [np.concatenate(held) for held in found]
