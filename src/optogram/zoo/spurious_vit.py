"""Units that tell a class by what it is, and units that tell it by a mark that came with it, as a vision transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.network.network import Network


def spurious_vit() -> Network:
    """A fresh copy at a d' of 3; which claims must hold of it on which photographs is in `_spurious.py`."""
    from optogram.zoo._spurious import truth

    return truth("vit").network
