"""What every kind of source gives: names in a fixed order, and for each of them the photograph, its digest and its label."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from optogram.images.decode import Raw, Unreadable

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jpe", ".jfif", ".jp2", ".ppm", ".pgm", ".pnm")
"""Endings, lower case, that a photograph's file name may have; upper case counts too."""

RAW = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".pef", ".srw")
"""Endings of what a camera's sensor gave. Some open as TIFFs, but what is read then is a small preview: they are named, never read."""

NAMED = (".heic", ".heif", ".hif", ".jxl", *RAW)
"""Endings of photographs that Pillow cannot open by itself: beside others they are counted and named, not passed over in silence."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """Photographs by index, not yet decoded.

    `name` is what the user calls it; `identities` are in the order of the indices; `read` gives a photograph as it is kept and may be
    called by several threads at once; `label` its class, if it has one. `noun` is what messages call its entries.
    """

    name: str
    identities: tuple[str, ...]
    read: Callable[[int], Raw]
    label: Callable[[int], str | None]
    noun: str = "files"

    def digest(self, index: int) -> bytes:
        """16 bytes that stand for a photograph's content as it is kept (a file's bytes, an array's shape and numbers)."""
        try:
            return digest(self.read(index))
        except (OSError, Unreadable) as error:
            return blake2b(type(error).__name__.encode(), digest_size=16).digest()


def digest(raw: Raw) -> bytes:
    """16 bytes (blake2b) that stand for the content of one photograph as it is kept."""
    state = blake2b(digest_size=16)
    if isinstance(raw, Path):
        with raw.open("rb") as file:
            while chunk := file.read(_CHUNK):
                state.update(chunk)
    elif isinstance(raw, bytes):
        state.update(raw)
    else:
        array = np.ascontiguousarray(raw)
        state.update(f"{array.shape}{array.dtype.str}{getattr(raw, 'mode', '')}".encode())
        state.update(array.data if array.size else b"")
    return state.digest()


def raw_name(name: str) -> bool:
    """Whether a file of that name is a camera's raw data."""
    return name.lower().endswith(RAW)


def bytewise(identity: str) -> bytes:
    """The key that identities are sorted by: their bytes, whatever the language of the machine."""
    return identity.encode()


def folder_label(identity: str) -> str | None:
    """The first folder of a path, which in a folder of class folders is the class."""
    first, slash, _ = identity.partition("/")
    return first if slash else None


def is_photograph(name: str, extensions: Iterable[str]) -> bool:
    """Whether a file of that name is one to look at: by its ending; hidden files (`._IMG.jpg`) are not."""
    stem = name.rsplit("/", 1)[-1]
    return not stem.startswith(".") and stem.lower().endswith(tuple(extensions))
