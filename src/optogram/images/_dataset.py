"""Photographs as items of a torch Dataset, or of anything else that has a length and is indexed by number."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import Any

import numpy as np
from PIL import Image

from optogram.errors import SourceError
from optogram.images._array import as_array, channels_first, is_tensor
from optogram.images.decode import Raw, Unreadable, picture
from optogram.images.source import Source, digest

_PICTURE_KEYS = ("image", "img", "picture", "photo", "pixel_values", "x", "jpg", "png")
_LABEL_KEYS = ("label", "labels", "target", "class", "y", "cls")


def dataset(items: Any) -> Source:
    """Items that are a picture, (picture, label, ...) or a mapping with both; pictures from Pillow, as tensors or as arrays.

    Identities are the indices; a label is the class's name where the data set has `classes`. One thread at a time reads, since the
    items are the user's code. Raises `SourceError` if the first item is no picture, is normalised already, or comes out
    differently when it is read again (a random transform would change what is measured).
    """
    count = _length(items)
    lock = RLock()

    def item(index: int) -> tuple[Raw, Any]:
        with lock:
            return _parts(items[index])

    def label(index: int) -> str | None:
        targets = getattr(items, "targets", None)
        return _label_name(targets[index] if targets is not None and len(targets) == count else item(index)[1], getattr(items, "classes", None))

    def read(index: int) -> Raw:
        try:
            return item(index)[0]
        except (OSError, Unreadable):
            raise
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    kind = type(items).__name__
    _check_first(read, kind)
    return Source(f"{kind} of {count:,}", tuple(str(index) for index in range(count)), read, label, noun="items")


def _length(items: Any) -> int:
    try:
        count = len(items)
    except TypeError as error:
        raise SourceError(f"a data set of photographs has a length and is indexed; {type(items).__name__} has none. Take a map-style one.") from error
    if count == 0:
        raise SourceError(f"no photographs: the data set {type(items).__name__} is empty")
    return count


def _check_first(read: Any, kind: str) -> None:
    try:
        first, again = read(0), read(0)
        if isinstance(first, np.ndarray):
            picture(first)
    except Unreadable as error:
        raise SourceError(
            f"items of a data set of photographs are Pillow pictures, 8-bit arrays or floats within 0 to 1; the first of {kind} has {error.reason}. "
            "Leave normalisation out: Preprocess(mean=..., std=...) does it."
        ) from error
    if digest(first) != digest(again):
        raise SourceError(f"a photograph is the same each time it is read; item 0 of {kind} is not. Leave random transforms out of the data set.")


def _parts(item: Any) -> tuple[Raw, Any]:
    """Picture and label of one item."""
    label = None
    if isinstance(item, Mapping):
        label = next((item[key] for key in _LABEL_KEYS if key in item), None)
        found = next((item[key] for key in _PICTURE_KEYS if key in item), None)
        if found is None:
            raise Unreadable(f"no picture under {', '.join(_PICTURE_KEYS)} (it has {', '.join(map(str, item))})")
        item = found
    elif isinstance(item, tuple | list):
        item, label = item[0], item[1] if len(item) > 1 else None
    return _raw(item), label


def _raw(item: Any) -> Raw:
    if isinstance(item, Image.Image | bytes):
        return item
    values = as_array(item) if is_tensor(item) else np.asarray(item)
    if values.dtype == object:
        raise Unreadable(f"a {type(item).__name__}, which is no picture")
    return values.transpose(1, 2, 0) if channels_first(values.shape) else values


def _label_name(label: Any, classes: Any) -> str | None:
    if label is None or (hasattr(label, "ndim") and label.ndim > 0):
        return None
    value = label.item() if hasattr(label, "item") else label
    if isinstance(value, int) and classes is not None and 0 <= value < len(classes):
        return str(classes[value])
    return str(value)
