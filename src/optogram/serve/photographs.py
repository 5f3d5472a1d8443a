"""Photographs that were dropped on the page: decoded within bounds, kept in memory only, the oldest forgotten first."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from optogram.errors import InputError
from optogram.images.decode import decode
from optogram.images.preprocess import Preprocess
from optogram.serve.jobs import Forgotten

MOST_BYTES = 20_000_000
MOST_PIXELS = 50_000_000
MOST_FED = 4_000_000
"""Pixels that a network which takes images as they come is given at most."""
KEPT = 24


@dataclass(frozen=True, slots=True)
class Dropped:
    """One photograph in the input frame; `id` is a hash of it, so that the same one twice is one."""

    id: str
    frame: UInt8[np.ndarray, "height width channel"]


class Photographs:
    """The last `KEPT` photographs, as one network sees them."""

    def __init__(self, preprocess: Preprocess, channels: int) -> None:
        self.preprocess, self.channels = preprocess, channels
        self._kept: OrderedDict[str, Dropped] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, content: bytes) -> Dropped:
        """Decodes a photograph's file; `Unreadable` says why not."""
        decoded = decode(content, self.channels, max_pixels=MOST_PIXELS, needed=self.preprocess.resized)
        rows, columns = self.preprocess.output_size or self.preprocess.resized(*decoded.size)
        if rows * columns > MOST_FED:
            most = f"{MOST_FED / 1e6:g} megapixels"
            raise InputError(f"this network takes photographs as they come, here at most {most}; this one has {rows}x{columns} pixels")
        frame = self.preprocess.apply_picture(decoded.image, decoded.size)
        dropped = Dropped(hashlib.blake2b(frame.tobytes() + str(frame.shape).encode(), digest_size=8).hexdigest(), frame)
        with self._lock:
            self._kept[dropped.id] = dropped
            self._kept.move_to_end(dropped.id)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return dropped

    def get(self, name: str) -> Dropped:
        """A photograph by its id; `Forgotten` where there is none, or none any more."""
        with self._lock:
            if name not in self._kept:
                raise Forgotten("no such photograph; the oldest are forgotten: drop it again")
            self._kept.move_to_end(name)
            return self._kept[name]
