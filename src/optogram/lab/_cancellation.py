"""How much of all paths' magnitude is left when those of both signs have cancelled: at a site, and there on a thing and off it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.attribution._attribute import attribute
from optogram.attribution._question import Answer
from optogram.errors import SettingError
from optogram.lab._paths import all_paths
from optogram.network.network import Network
from optogram.statistics.intervals import jackknife

LEAST = 4
"""Photographs for an interval."""
Box = tuple[float, float, float, float]
"""Top, left, bottom, right as shares of a picture's sides."""


@dataclass(frozen=True, slots=True)
class Left:
    """Sum of |sum of signed paths| over sum of |paths|, at the units of one site: of all photographs, and by photograph on the thing and off it.

    NaN for a photograph of which no unit, or every unit, sits on the thing.
    """

    whole: float
    on: Float[np.ndarray, " photo"]
    off: Float[np.ndarray, " photo"]

    @property
    def told(self) -> Bool[np.ndarray, " photo"]:
        """Which photographs have units on the thing and units off it."""
        return np.asarray(np.isfinite(self.on) & np.isfinite(self.off))


def left_at(network: Network, shown: Float[Tensor, "photo channel row column"], targets: list[str], site: str, boxes: list[Box]) -> Left:
    """From each photograph's target to a site's units; a unit sits on the thing if the middle of its cell of the picture lies in the box."""
    sums = np.zeros((len(targets), 2, 2))
    for index, (target, box) in enumerate(zip(targets, boxes, strict=True)):
        methods: tuple[str | Callable[..., Answer], ...] = ("gradient", all_paths)
        for part, method in enumerate(methods):
            found = attribute(network, shown[index : index + 1], target, method, source=site, progress=False).values
            raw = torch.as_tensor(np.asarray(found))
            at = network.site(site)
            flat = at.places(raw).abs().sum(dim=1)[0].double().numpy()
            on = inside(box, at.grid_of(raw)).ravel()
            sums[index, part] = flat[on].sum(), flat[~on].sum()
    signed, paths = sums[:, 0], sums[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(paths > 0, signed / paths, np.nan)
    return Left(float(signed.sum() / max(paths.sum(), 1e-30)), parts[:, 0], parts[:, 1])


def inside(box: Box, grid: tuple[int, ...]) -> Bool[np.ndarray, "row column"]:
    """Which cells of a picture cut into so many rows and columns have their middle in the box."""
    rows, columns = ((np.arange(count) + 0.5) / count for count in grid)
    top, left, bottom, right = box
    return np.asarray(np.outer((rows >= top) & (rows < bottom), (columns >= left) & (columns < right)))


def over_photographs(values: Float[np.ndarray, " photo"]) -> tuple[float | None, float | None]:
    """The mean's 95 % interval over photographs (two fifths left out at a time), or none where they are few."""
    if len(values) < LEAST:
        return None, None
    found = jackknife(lambda chosen: values[chosen].mean(), np.arange(len(values)))
    return float(found.low), float(found.high)


def as_box(given: tuple[float, ...]) -> Box:
    """Four shares that make a box; `SettingError` where they make none."""
    if len(given) == 4 and 0 <= given[0] < given[2] <= 1 and 0 <= given[1] < given[3] <= 1:
        return given[0], given[1], given[2], given[3]
    raise SettingError(f"a box is top, left, bottom, right as shares of the central square, as in box=(.1, .2, .9, .8); got {given}")
