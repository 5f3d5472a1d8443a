"""A vision transformer of planted units: templates, energy, any-of, all-of, suppressive, trojan, attractor and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optogram.network.network import Network


def circuits_vit() -> Network:
    """A fresh copy at a d' of 3; what each unit answers to, and which claims must hold of it, is in `_circuit.py`."""
    from optogram.zoo._circuits import truth

    return truth("vit").network
