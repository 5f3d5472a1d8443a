"""A convolutional network of eight attractors and eight innocent units: a pattern that is in no photograph drives the first eight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.network.network import Network


def attractors() -> Network:
    """A fresh copy; which claims must hold of each unit is in `_fooling.py`."""
    from optogram.zoo._fooling import planted

    return planted(shown="pattern")[0]
