"""Sites measured, and photographs cut, two at once: sorting, products of matrices and resizing let go of the interpreter.

Products of matrices then keep to one thread each: two that take two threads each cost twice the processor time of both, and more wall time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

One = TypeVar("One")
Found = TypeVar("Found")

THREADS = 2

_lock = threading.Lock()
_limits: list[threadpool_limits] = []
"""One entry a caller that computes now; the first holds what was set before."""


def side_by_side(find: Callable[[One], Found], all_of: Iterable[One]) -> Iterator[Found]:
    """What `find` gives for each, in their order."""
    with _one_thread_each(), ThreadPoolExecutor(THREADS, thread_name_prefix="optogram-evidence") as pool:
        yield from pool.map(find, all_of)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """What numpy's and scipy's matrix libraries had set comes back when the last of several callers, in any threads, has ended."""
    with _lock:
        _limits.append(_limits[0] if _limits else threadpool_limits(1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limits = _limits.pop()
            if not _limits:
                limits.restore_original_limits()
