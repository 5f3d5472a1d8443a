"""An orientation head that reads "brighter above than below" from hand-set weights, as a vision transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.network.network import Network


def sky_vit() -> Network:
    """A fresh copy; how often it must be right, and on which photographs, is in `_sky.py`."""
    from optogram.zoo._sky import truth

    return truth("vit").network
