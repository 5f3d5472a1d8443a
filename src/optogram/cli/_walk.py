"""What `synthesize` makes pictures of: units, what lies between two of them, or one site after another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from optogram.errors import SettingError, unknown

if TYPE_CHECKING:
    from optogram.network.network import Network
    from optogram.synthesis.objectives._objective import Objective

WALKS = ("inversion", "caricature", "site")


def walked(network: Network, sites: list[str], what: str, image: Path | None) -> list[Objective]:
    """One objective a site, in the network's order: what it keeps of a photograph, what it exaggerates in it, or all that it does."""
    from optogram.synthesis.objectives.caricature import caricature
    from optogram.synthesis.objectives.inversion import inversion
    from optogram.synthesis.walk import walk

    if what not in WALKS:
        raise SettingError(unknown("walk", what, WALKS))
    if what == "site" and image is not None:
        raise SettingError("--walk site needs no photograph: leave out --image, or type --walk inversion")
    if what != "site" and image is None:
        raise SettingError(f"--walk {what} needs a photograph: --image cat.jpg")
    return walk(network, image, sites or None, caricature if what == "caricature" else inversion)
