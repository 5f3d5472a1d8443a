"""Photographs as one array or tensor in memory (or mapped from a file)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from optogram.errors import SourceError
from optogram.images.decode import NOT_FINITE, Unreadable, picture
from optogram.images.source import Source

_CHANNELS = (1, 3, 4)
_LOOKED_AT = 64
"""So many photographs are checked when the source is opened, the rest when they are read."""


def is_tensor(source: object) -> bool:
    """Whether this is a torch tensor, found out without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.Tensor)


def as_array(tensor: Any) -> np.ndarray:
    """A torch tensor as an array, on the CPU; half precisions that NumPy lacks become float32."""
    tensor = tensor.detach().cpu()
    return np.asarray(tensor.float().numpy() if tensor.is_floating_point() and tensor.element_size() < 4 else tensor.numpy())


def array(values: np.ndarray) -> Source:
    """[number, height, width], [number, height, width, channel] or [number, channel, height, width], of 8 bits or floats in 0..1.

    Identities are the indices. Raises `SourceError` for other shapes, types and ranges.
    """
    channel_first = _channel_first(values.shape)
    if len(values) == 0:
        raise SourceError(f"no photographs: the array is empty (shape {_shape(values.shape)})")

    def read(index: int) -> np.ndarray:
        photo: np.ndarray = values[index]
        return photo.transpose(1, 2, 0) if channel_first else photo

    _check(len(values), read)
    identities = tuple(str(index) for index in range(len(values)))
    return Source(f"array {_shape(values.shape)}", identities, read, lambda index: None, noun="images")


def channels_first(shape: tuple[int, ...]) -> bool:
    """Whether one photograph of this shape has its channels first; two-dimensional ones have none."""
    return len(shape) == 3 and shape[2] not in _CHANNELS and shape[0] in _CHANNELS


def _channel_first(shape: tuple[int, ...]) -> bool:
    if len(shape) == 3 and shape[2] in _CHANNELS and shape[1] > 4:
        raise SourceError(f"an array of photographs begins with their number; {_shape(shape)} looks like one photograph. Give array[None].")
    if len(shape) == 3:
        return False
    if len(shape) != 4 or not (shape[1] in _CHANNELS or shape[3] in _CHANNELS):
        raise SourceError(
            f"an array of photographs is [number, height, width], with 1, 3 or 4 channels behind the number or at the end; got {_shape(shape)}"
        )
    return channels_first(shape[1:])


def _check(count: int, read: Callable[[int], np.ndarray]) -> None:
    """The range of the first photographs is that of the array; one with NaN is left out later, like a damaged file."""
    for index in range(min(count, _LOOKED_AT)):
        try:
            picture(read(index))
        except Unreadable as error:
            if error.reason != NOT_FINITE:
                raise SourceError(
                    f"an array of photographs holds 8-bit numbers or floats within 0 to 1, before normalisation; number {index} has {error.reason}. "
                    "Rescale it, undo its normalisation, or give array.astype('uint8')."
                ) from error


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
