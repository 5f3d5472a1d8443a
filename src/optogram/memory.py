"""Large activations in memory that the process keeps, instead of fresh pages from the system at every layer.

The C library (glibc) hands blocks of over 32 MB back when they are freed and maps new ones, whose every page the system must
clear at its first touch. A batch of photographs has such a block a layer: on two cores MobileNetV2 then runs at 47 photographs a
second instead of 111, SqueezeNet at 37 instead of 70 (batches of 32 at 224x224). `kept` makes the library keep what is freed
while a verb computes; afterwards its settings are those that it ends at by itself in any process that frees large blocks, and a
quarter of a gigabyte of free memory may stay for the next call. `hold` is a choice for the whole process, so programs make it
(`optogram` does) and imports do not.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = (1 << 30) - 1
"""Blocks of up to a gigabyte are kept."""
MAPPED_BYTES = 32 << 20
"""Larger blocks are mapped afresh: where glibc's own threshold ends as a process frees large blocks."""
LEFT_BYTES = 1 << 28
"""Free memory that stays after a verb."""
FEW_BYTES = 40 << 20
"""The largest tensor of a pass that stands alone, within `kept`: its memory is touched for the first time."""
LIBRARY_KEEPS_BYTES = 24 << 20
"""What glibc keeps by itself, with some room below `MAPPED_BYTES`."""

_held: list[bool] = []
_lock = threading.Lock()
_inside: list[int] = []
"""One entry a verb that computes now, in any thread."""


def hold() -> bool:
    """From now on this process keeps the memory that it frees, in huge pages where the system has them; says whether it could.

    Call it before torch is imported, which reads one of the two settings then. The process's size stays at its greatest.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    if _keep(KEPT_BYTES, KEPT_BYTES):
        _held.append(True)
    return bool(_held)


@contextmanager
def kept() -> Iterator[None]:
    """While any thread is within, the process keeps the memory that it frees; nothing changes where `hold` was called."""
    with _lock:
        if not _held and not _inside:
            _keep(KEPT_BYTES, KEPT_BYTES)
        _inside.append(1)
    try:
        yield
    finally:
        with _lock:
            _inside.pop()
            if not _held and not _inside:
                _keep(MAPPED_BYTES, LEFT_BYTES)


def _keep(mapped: int, trimmed: int) -> bool:
    """Blocks of more than `mapped` bytes are mapped afresh, free memory of more than `trimmed` bytes is handed back."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, mapped) and mallopt(M_TRIM_THRESHOLD, trimmed))


def rows_that_stay(bytes_a_row: int, most: int) -> int:
    """At most so many rows a batch that its largest tensor lies in memory that is kept; `most` within `kept` and after `hold`."""
    return most if _held or _inside else _fitting(LIBRARY_KEEPS_BYTES, bytes_a_row, most)


def few_rows(bytes_a_row: int, most: int) -> int:
    """At most so many rows a pass, within `kept`, where there are few passes: more are quicker, but what is touched first costs most."""
    return _fitting(FEW_BYTES, bytes_a_row, most)


def _fitting(size: int, bytes_a_row: int, most: int) -> int:
    return max(1, min(most, size // max(1, bytes_a_row)))
