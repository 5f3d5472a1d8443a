"""A tiny network with planted units, for RGB images: stripes, a spot, an energy unit, a dead one, and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.network.network import Network


def templates() -> Network:
    """A fresh copy; what each unit was made to respond to is in `_planted.planted(3)`, which built it."""
    from optogram.zoo._planted import planted

    return planted(3).network
