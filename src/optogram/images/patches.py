"""Cutting receptive fields out of photographs, and choosing the places whose neurons stand for a site."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from math import prod
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from optogram.errors import SettingError
from optogram.geometry import Box
from optogram.images.preprocess import Preprocess

HATCH = (214, 200)
"""The two grays of the hatch that stands for "outside the photograph": near each other, and nothing a photograph would show."""

_STRIPE = 4
GROUND = 256


def cut(
    photo: UInt8[np.ndarray, "height width channel"], box: Box, fill: Literal["hatch"] | int = "hatch"
) -> UInt8[np.ndarray, "rows columns channel"]:
    """The part of a photograph inside a box of its own pixels; always as large as the box.

    What lies outside the photograph is a quiet diagonal hatch, so that nobody takes it for the photograph, or one gray from 0 to 255
    (for networks, which would see the hatch). Raises `SettingError` for an empty box.
    """
    if box.height < 1 or box.width < 1:
        raise SettingError(f"a patch has at least one pixel; got the box {box.as_tuple()}")
    height, width, channels = photo.shape
    inside = box.within(height, width)
    if inside.height == box.height and inside.width == box.width:
        return photo[box.top : box.bottom, box.left : box.right].copy()
    patch = _ground(-(-box.height // GROUND), -(-box.width // GROUND), channels, fill)[: box.height, : box.width].copy()
    if inside.height > 0 and inside.width > 0:
        rows = slice(inside.top - box.top, inside.bottom - box.top)
        columns = slice(inside.left - box.left, inside.right - box.left)
        patch[rows, columns] = photo[inside.top : inside.bottom, inside.left : inside.right]
    return patch


def cut_photo(
    photo: UInt8[np.ndarray, "height width channel"], box: Box, preprocess: Preprocess, fill: Literal["hatch"] | int = "hatch"
) -> UInt8[np.ndarray, "rows columns channel"]:
    """The part of a whole photograph (photo frame) that a box of the input frame shows, at the photograph's own resolution.

    It is wider than the box by what the resizing's kernel mixes in (`Preprocess.to_photo`).
    """
    return cut(photo, preprocess.to_photo(box, *photo.shape[:2]), fill)


def place_probes(identity: str, grid: tuple[int, ...], count: int = 4, seed: int = 0) -> tuple[int, ...]:
    """The places of a site's grid at which its units are probed on this photograph: flat indices, row by row, all different.

    They depend on the photograph's identity, the grid and the seed alone: every unit of the site, and every twin, is probed at the same
    places. A smaller count gives the first of the same places; a grid with fewer places than `count` gives them all; `()` has one.
    """
    if count < 1:
        raise SettingError(f"a photograph is probed in at least one place; got count={count}")
    places = prod(grid)
    chosen: dict[int, None] = {}
    draw = 0
    while len(chosen) < min(count, places):
        chosen[_number(identity, grid, seed, draw) % places] = None
        draw += 1
    return tuple(chosen)


def _number(identity: str, grid: tuple[int, ...], seed: int, draw: int) -> int:
    key = f"{'x'.join(map(str, grid))}/{draw}/{identity}".encode()
    return int.from_bytes(blake2b(key, digest_size=8, salt=seed.to_bytes(16, "little", signed=True), person=b"optogram probe").digest(), "little")


@lru_cache(maxsize=4)
def _ground(rows: int, columns: int, channels: int, fill: Literal["hatch"] | int) -> UInt8[np.ndarray, "height width channel"]:
    """So many squares of `GROUND` pixels of what stands for "outside", from which patches of every size are cut."""
    row, column = np.mgrid[: rows * GROUND, : columns * GROUND]
    gray = np.where((row + column) % (2 * _STRIPE) < _STRIPE, *HATCH) if fill == "hatch" else np.full(row.shape, fill)
    return np.repeat(gray.astype(np.uint8)[:, :, None], channels, axis=2)
