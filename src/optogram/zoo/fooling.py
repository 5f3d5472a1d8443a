"""A convolutional network of eight fooling circuits and eight innocent units: what their pictures show is not what drives the first eight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.network.network import Network


def fooling() -> Network:
    """A fresh copy; which claims must hold of each unit is in `_fooling.py`."""
    from optogram.zoo._fooling import planted

    return planted()[0]
