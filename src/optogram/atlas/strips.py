"""A few units of each site as one row of small pictures, cut out of the atlas's sprite sheets."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from optogram.atlas.schema import NetworkEntry, SiteEntry, Sprites
from optogram.drawing.inline import data_uri

UNITS = 8
SIDE = 32
VIEWS = ("synthesised", "weights", "strongest")
"""What is shown of a unit, the first that there is."""


def strips(root: Path, network: NetworkEntry) -> dict[str, str]:
    """By site the row of its first units, as `data:` addresses; sites without pictures, or whose files are gone, are left out."""
    found = {}
    for site in network.sites:
        sprites = _chosen(site)
        if sprites is not None and (root / sprites.sheets[0].path).is_file():
            found[site.address] = data_uri(_row(root, sprites))
    return found


def _chosen(site: SiteEntry) -> Sprites | None:
    known = {sprites.view: sprites for sprites in site.sprites if sprites.size == SIDE}
    return next((known[view] for view in VIEWS if view in known), None)


def _row(root: Path, sprites: Sprites) -> Image.Image:
    """The first cells of the first sheet's first row, which are the site's first units in the default order."""
    with Image.open(root / sprites.sheets[0].path) as sheet:
        count = min(UNITS, sprites.count, sprites.columns)
        return sheet.convert("RGB").crop((0, 0, count * sprites.size, sprites.size))
