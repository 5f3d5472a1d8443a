"""Large activations in memory that the process keeps, instead of fresh pages from the system at every layer.

The C library (glibc) hands blocks of over 32 MB back when they are freed and maps new ones, whose every page the system must
clear at its first touch. A batch of photographs has such a block a layer: on two cores MobileNetV2 then runs at 47 photographs a
second instead of 111, SqueezeNet at 37 instead of 70 (batches of 32 at 224x224). `hold` makes the library keep what is freed; it
is a choice for the whole process, so programs make it (`optogram` does) and imports do not.
"""

from __future__ import annotations

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = (1 << 30) - 1
"""Blocks of up to a gigabyte are kept."""
LIBRARY_KEEPS_BYTES = 24 << 20
"""What glibc keeps by itself, with some room: its own threshold grows to 32 MB and no further."""

_held: list[bool] = []


def hold() -> bool:
    """From now on this process keeps the memory that it frees, in huge pages where the system has them; says whether it could.

    Call it before torch is imported, which reads one of the two settings then. The process's size stays at its greatest.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    if mallopt(M_MMAP_THRESHOLD, KEPT_BYTES) and mallopt(M_TRIM_THRESHOLD, KEPT_BYTES):
        _held.append(True)
    return bool(_held)


def rows_that_stay(bytes_a_row: int, most: int) -> int:
    """At most so many rows a batch that its largest tensor lies in memory that is kept; `most` where `hold` was called."""
    return most if _held else max(1, min(most, LIBRARY_KEEPS_BYTES // max(1, bytes_a_row)))
