"""Sprite sheets: thousands of small pictures in few requests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from PIL import Image

from optogram.atlas.folder import Folder
from optogram.atlas.schema import Sprites, View

SHEET = 1024
MIPS = (32, 64, 128)
QUALITY = 75
JPEG_QUALITY = 65

Picture = UInt8[np.ndarray, "_height _width _channel"]


def write_sprites(folder: Folder, directory: str, view: View, pictures: Sequence[Picture | None], sizes: Sequence[int] = MIPS) -> list[Sprites]:
    """Sheets of 1024x1024 for each cell size; a unit without a picture (`None`) leaves its cell white-gray."""
    if not any(picture is not None for picture in pictures):
        return []
    return [_sheets(folder, directory, view, pictures, size) for size in sizes]


def square(picture: Picture, side: int) -> UInt8[np.ndarray, "side side 3"]:
    """A picture in a square cell: enlarged by whole pixels where it is tiny, else smoothly; gray becomes three channels."""
    return squares([picture], side)[0]


def squares(pictures: Sequence[Picture], side: int) -> list[UInt8[np.ndarray, "side side 3"]]:
    """Each picture in a cell, in order; those of one shape are resized together, which costs a fifth of one by one."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for index, picture in enumerate(pictures):
        alike.setdefault(picture.shape, []).append(index)
    found: dict[int, UInt8[np.ndarray, "side side 3"]] = {}
    for indices in alike.values():
        found.update(zip(indices, _in_cells(np.stack([pictures[index] for index in indices]), side), strict=True))
    return [found[index] for index in range(len(pictures))]


def _in_cells(stack: UInt8[np.ndarray, "picture height width channel"], side: int) -> UInt8[np.ndarray, "picture side side 3"]:
    count, height, width, channels = stack.shape
    colour = np.repeat(stack, 3, axis=3) if channels == 1 else stack[..., :3]
    rows, columns = (max(1, round(extent * side / max(height, width))) for extent in (height, width))
    made = _whole_pixels(colour, rows, columns) if max(height, width) <= side // 4 else _smooth(colour, rows, columns)
    if (rows, columns) == (side, side):
        return made
    cells = np.broadcast_to(np.array(BLANK, np.uint8), (count, side, side, 3)).copy()
    top, left = (side - rows) // 2, (side - columns) // 2
    cells[:, top : top + rows, left : left + columns] = made
    return cells


def _whole_pixels(stack: UInt8[np.ndarray, "picture height width 3"], rows: int, columns: int) -> UInt8[np.ndarray, "picture rows columns 3"]:
    row, column = (np.arange(size) * extent // size for size, extent in zip((rows, columns), stack.shape[1:3], strict=True))
    return np.asarray(stack.take(row, axis=1).take(column, axis=2))


def _smooth(stack: UInt8[np.ndarray, "picture height width 3"], rows: int, columns: int) -> UInt8[np.ndarray, "picture rows columns 3"]:
    if stack.shape[1:3] == (rows, columns):
        return stack
    pixels = torch.from_numpy(np.ascontiguousarray(stack)).permute(0, 3, 1, 2)
    resized = F.interpolate(pixels, size=(rows, columns), mode="bicubic", antialias=True, align_corners=False)
    return np.asarray(resized.permute(0, 2, 3, 1).numpy())


BLANK = (233, 231, 227)
"""A neutral gray for cells that hold nothing."""


def tiled(cells: Sequence[UInt8[np.ndarray, "side side 3"] | None], columns: int, side: int, rows: int | None = None) -> Image.Image:
    """Cells row by row on one sheet."""
    height = rows if rows is not None else -(-len(cells) // columns)
    sheet = _blank(height * side, columns * side).copy()
    for index, cell in enumerate(cells):
        if cell is not None:
            row, column = divmod(index, columns)
            sheet[row * side : (row + 1) * side, column * side : (column + 1) * side] = cell
    return Image.fromarray(sheet)


@lru_cache(maxsize=8)
def _blank(height: int, width: int) -> UInt8[np.ndarray, "height width 3"]:
    """A sheet with nothing on it: filled pixel by pixel, which takes longer than all else about a plate."""
    return np.full((height, width, 3), BLANK, np.uint8)


def webp(image: Image.Image, quality: int = QUALITY) -> bytes:
    """WebP bytes; `method=2` costs a third of the default's time for a few per cent more bytes."""
    stream = io.BytesIO()
    image.save(stream, format="WEBP", quality=quality, method=2)
    return stream.getvalue()


def jpeg(image: Image.Image, quality: int = JPEG_QUALITY) -> bytes:
    """JPEG bytes: a third more of them than WebP's at the same look, in a twentieth of the time."""
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=quality)
    return stream.getvalue()


def _sheets(folder: Folder, directory: str, view: View, pictures: Sequence[Picture | None], size: int) -> Sprites:
    columns = SHEET // size
    full = columns * columns
    files = []
    for number, start in enumerate(range(0, len(pictures), full)):
        part = pictures[start : start + full]
        made = iter(squares([picture for picture in part if picture is not None], size))
        cells = [None if picture is None else next(made) for picture in part]
        rows = -(-len(cells) // columns)
        content = webp(tiled(cells, columns, size, rows))
        files.append(folder.put(directory, f"{view}-{size}-{number}", "webp", content))
    return Sprites(view=view, size=size, columns=columns, count=len(pictures), sheets=files)
