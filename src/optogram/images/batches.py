"""Photographs decoded ahead by threads and handed out in batches, in their own order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Photographs of the input frame, 8 bits, not normalised.

    `images` lies in memory with the channels last (a view of [batch, height, width, channel]), which is the faster layout for a
    convolution; `sizes` are the photographs' own heights and widths.
    """

    indices: list[int]
    images: UInt8[Tensor, "batch channel height width"]
    sizes: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One photograph on its way into a batch."""

    index: int
    pixels: UInt8[np.ndarray, "height width channel"]
    size: tuple[int, int]


def ahead(prepare: Callable[[int], Prepared | None], indices: Iterable[int], workers: int, depth: int) -> Generator[Prepared, None, None]:
    """`prepare` over the indices, in order, at most `depth` of them ahead of the reader; what gave `None` is skipped.

    Threads end when the reader stops, closes the generator or is interrupted: what was not begun is dropped. No workers: no threads.
    """
    if workers < 1:
        yield from (found for found in map(prepare, indices) if found is not None)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="optogram-images")
    waiting: deque[Future[Prepared | None]] = deque()
    try:
        for index in indices:
            waiting.append(pool.submit(prepare, index))
            if len(waiting) >= depth:
                yield from _taken(waiting)
        while waiting:
            yield from _taken(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def gather(prepared: Iterable[Prepared], batch_size: int) -> Iterator[Batch]:
    """Consecutive photographs of one size together, at most `batch_size` of them; a photograph of another size begins a new batch."""
    held: list[Prepared] = []
    for found in prepared:
        if held and (len(held) == batch_size or held[0].pixels.shape != found.pixels.shape):
            yield _batch(held)
            held = []
        held.append(found)
    if held:
        yield _batch(held)


def _taken(waiting: deque[Future[Prepared | None]]) -> Iterator[Prepared]:
    found = waiting.popleft().result()
    if found is not None:
        yield found


def _batch(held: list[Prepared]) -> Batch:
    pixels = torch.from_numpy(np.stack([found.pixels for found in held])).permute(0, 3, 1, 2)
    return Batch([found.index for found in held], pixels, [found.size for found in held])
