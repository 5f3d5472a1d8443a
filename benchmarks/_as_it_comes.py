"""Peers get the C library's memory as they come; optogram gets it as its own program sets it (`optogram.memory`)."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from optogram import memory

MMAP_BYTES, TRIM_BYTES = 32 << 20, 64 << 20
"""Where glibc's own thresholds end up in any process that frees a block of over 32 MB."""


@contextmanager
def as_it_comes() -> Iterator[None]:
    """Inside, memory is handed back to the system as glibc does by itself; afterwards it is kept again."""
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(memory.M_MMAP_THRESHOLD, MMAP_BYTES)
    mallopt(memory.M_TRIM_THRESHOLD, TRIM_BYTES)
    try:
        yield
    finally:
        memory.hold()
