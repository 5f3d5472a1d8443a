"""Sets of photographs for verbs that look at many: their input frames in batches, and their hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution._photographs import read_photographs
from optogram.images.photos import Photos
from optogram.network.network import Network


def frames(
    network: Network, images: Any, batch_size: int, indices: Sequence[int] | None = None
) -> Iterator[Float[Tensor, "batch channel height width"]]:
    """What the network is given of `Photos`, or of anything that `og.attribute` takes, in 0..1; those of `indices` in their order."""
    if isinstance(images, Photos):
        for batch in images.batches(network.preprocess, network.channels, batch_size, indices=None if indices is None else list(indices)):
            yield batch.images.to(network.device, network.dtype) / 255
        return
    read = read_photographs(network, images)
    placed = {number: batch[row] for batch, numbers in zip(read.batches, read.numbers, strict=True) for row, number in enumerate(numbers)}
    chosen = [placed[index] for index in (range(len(placed)) if indices is None else indices)]
    prepared = [network.prepare(photo[None]) for photo in chosen]
    for start in range(0, len(prepared), batch_size):
        yield torch.cat(prepared[start : start + batch_size])


def hash_of(network: Network, images: Any) -> str:
    """16 hexadecimal digits over the photographs."""
    return images.hash if isinstance(images, Photos) else read_photographs(network, images).hash


def count_of(network: Network, images: Any) -> int:
    """How many photographs there are."""
    return len(images) if isinstance(images, Photos) else sum(map(len, read_photographs(network, images).numbers))


def numbers_of(network: Network, images: Any) -> Int[np.ndarray, " photo"]:
    """The numbers of those that could be read, once a pass has found out: those whose rows a pass gives, in order."""
    left_out = {one.name for one in images.left_out} if isinstance(images, Photos) else set()
    return np.array([number for number in range(count_of(network, images)) if not left_out or images.identity(number) not in left_out])
