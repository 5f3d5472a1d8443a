"""Photographs in the input frame, decoded once and kept while memory allows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from optogram.atlas.sprites import Picture, squares
from optogram.errors import Stopped
from optogram.geometry import Box
from optogram.images.patches import cut

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network


MOST_CELLS = 8192
"""Cells that are kept: 27 kB each at 96 pixels."""


class Frames:
    """Input-frame pixels by the photograph's identity; the least recently used leave when `most_bytes` are held."""

    def __init__(self, network: Network, photos: Photos, most_bytes: int = 1_000_000_000) -> None:
        self.preprocess, self.photos, self.most_bytes = network.preprocess, photos, most_bytes
        self.channels = network.channels
        self._numbers = {photos.identity(index): index for index in range(len(photos))}
        self._held: OrderedDict[str, UInt8[np.ndarray, "height width channel"]] = OrderedDict()
        self._bytes = 0
        self._cells: OrderedDict[tuple[Any, ...], Picture] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Whoever still asks, in another thread of a build that was stopped, gets `Stopped`."""
        self._closed = True

    def __getitem__(self, identity: str) -> UInt8[np.ndarray, "height width channel"]:
        if self._closed:
            raise Stopped("the build was stopped")
        with self._lock:
            if identity in self._held:
                self._held.move_to_end(identity)
                return self._held[identity]
        frame = self.preprocess.apply_array(self.photos.load(self._numbers[identity], self.channels))
        with self._lock:
            if identity not in self._held:
                self._held[identity] = frame
                self._bytes += frame.nbytes
            while self._bytes > self.most_bytes and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
        return frame

    def cells(self, wanted: Sequence[tuple[str, Box]], side: int) -> list[Picture]:
        """What a plate shows of each photograph's receptive field, in squares of `side` pixels; many units share a photograph's patch."""
        keys, cuts = [], {}
        for identity, box in wanted:
            seen = shown(box, *self[identity].shape[:2])  # deep fields that differ in their margins alone show the same
            keys.append((identity, seen.as_tuple(), side))
            cuts[keys[-1]] = (identity, seen)
        with self._lock:
            found = {key: self._cells[key] for key in cuts if key in self._cells}
            for key in found:
                self._cells.move_to_end(key)
        new = [key for key in cuts if key not in found]
        cells = squares([_part(self[identity], seen) for identity, seen in (cuts[key] for key in new)], side)
        made = {key: cell.copy() for key, cell in zip(new, cells, strict=True)}  # a part of a stack would keep all of it
        with self._lock:
            self._cells.update(made)
            while len(self._cells) > MOST_CELLS:
                self._cells.popitem(last=False)
        found.update(made)
        return [found[key] for key in keys]

    def size(self, identity: str) -> tuple[int, int]:
        """Height and width of the photograph in the input frame."""
        height, width = self[identity].shape[:2]
        return height, width


def _part(frame: UInt8[np.ndarray, "height width channel"], box: Box) -> UInt8[np.ndarray, "rows columns channel"]:
    """What `cut` gives, but a view where the box lies within the frame: most of a plate's time went into copies."""
    if box.within(*frame.shape[:2]).as_tuple() == box.as_tuple():
        return frame[box.top : box.bottom, box.left : box.right]
    return cut(frame, box)


def shown(box: Box, height: int, width: int) -> Box:
    """What a plate shows of a receptive field: all of it, but no more than a square just around the part inside the image.

    A field of 435 pixels on a photograph of 224 would otherwise be three quarters margin.
    """
    inside = box.within(height, width)
    if (inside.height, inside.width) == (box.height, box.width):
        return box
    side = max(inside.height, inside.width, 1)
    side_rows, side_columns = min(side, box.height), min(side, box.width)
    top = _nearest(inside.top, inside.bottom, side_rows, box.top, box.bottom)
    left = _nearest(inside.left, inside.right, side_columns, box.left, box.right)
    return Box(top, left, top + side_rows, left + side_columns, box.clipped)


def _nearest(first: int, last: int, side: int, lowest: int, highest: int) -> int:
    """The start of a span of `side` around first..last that stays within lowest..highest."""
    middle = first + (last - first - side) // 2
    return min(max(middle, lowest), highest - side)
