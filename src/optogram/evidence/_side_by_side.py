"""Sites measured, and photographs cut, two at once: sorting, products of matrices and resizing let go of the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Found = TypeVar("Found")

THREADS = 2


def side_by_side(find: Callable[[One], Found], all_of: Iterable[One]) -> Iterator[Found]:
    """What `find` gives for each, in their order."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="optogram-evidence") as pool:
        yield from pool.map(find, all_of)
