"""Some of many, evenly spaced: never the best ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def evenly(items: Sequence[T], most: int) -> list[T]:
    """At most `most` of the items in their order, the first and the last among them; all where there are no more."""
    if len(items) <= most:
        return list(items)
    return [items[int(place)] for place in np.unique(np.linspace(0, len(items) - 1, most).round())]
