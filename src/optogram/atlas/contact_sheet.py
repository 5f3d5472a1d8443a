"""One picture of an atlas worth showing: believed units beside salmon, each with photographs and what was synthesised for it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from optogram.atlas.folder import write_atomically

if TYPE_CHECKING:
    from optogram.atlas.open import Atlas
    from optogram.atlas.schema import SiteEntry

PHOTOGRAPHS = 5
SITES = 5
EMPTY = Image.new("RGB", (8, 8), "#fbfaf8")


def contact_sheet(atlas: Atlas, path: str | Path) -> Path:
    """Writes the sheet as PNG."""
    sheet = drawn(atlas)

    def save(partial: Path) -> None:
        sheet.save(partial, format="PNG")

    write_atomically(Path(path), save)
    return Path(path)


def drawn(atlas: Atlas) -> Image.Image:
    """A row a site with places, its first unit in the default order and its last tested one.

    A row holds the unit's strongest photographs, of each scene one while there are scenes, its synthesised picture and its weights
    where there are any; the label says the verdict.
    """
    from pyarrow.compute import field

    from optogram.drawing.sheet import grid

    sites = [site for site in atlas.networks[0].sites if site.grid][:SITES]
    weights = any(sprites.view == "weights" for site in sites for sprites in site.sprites)
    pictures: list[Image.Image | None] = []
    labels = []
    for site in sites:
        rows = atlas.table(site.address).to_pylist()
        exemplars = atlas.table(site.address, "exemplars")
        tested = [row for row in rows if row["verdict"] != "not tested" and not row["dead"]] or rows
        for row in (tested[0], tested[-1]):
            tops = exemplars.filter((field("unit") == row["unit"]) & (field("kind") == "top")).to_pylist()
            pictures += _row(atlas, site, row, tops, weights)
            labels.append(f"{site.address}:{row['unit']}  {row['verdict']}")
    heads = ["strongest", *("" for _ in range(PHOTOGRAPHS - 1)), "optimised"] + (["weights"] if weights else [])
    network = atlas.networks[0]
    title = f"{network.name}: of each site the first unit by evidence, and the last"
    counted = f"{atlas.manifest.photographs.count:,} photographs, {atlas.manifest.settings['twins']} untrained twins"
    note = f"{counted}. Salmon: an untrained network says the same."
    return grid([EMPTY if picture is None else picture for picture in pictures], heads=heads, labels=labels, title=title, note=note, cell=72)


def _row(atlas: Atlas, site: SiteEntry, row: dict[str, Any], tops: Sequence[dict[str, Any]], weights: bool) -> list[Image.Image | None]:
    plate = _packed(atlas, site, "plates", row["plate_pack"], row["plate_offset"], row["plate_length"])
    side = site.plate_cell
    shown = [] if plate is None else [cell for cell in scenes_first(tops) if cell < site.plate_columns][:PHOTOGRAPHS]
    cells: list[Image.Image | None] = [plate and plate.crop((cell * side, 0, (cell + 1) * side, side)) for cell in shown]
    cells += [None] * (PHOTOGRAPHS - len(cells))
    drawn = _packed(atlas, site, "pictures", row["picture_pack"], row["picture_offset"], row["picture_length"])
    cells.append(drawn and drawn.crop((0, 0, site.picture_cell, site.picture_cell)))
    return cells + ([_weights(atlas, site, row["cell"])] if weights else [])


def scenes_first(tops: Sequence[dict[str, Any]]) -> list[int]:
    """The cells of a unit's strongest photographs: of each scene (crops are called scene#number) the strongest, then the others."""
    ranked = sorted(tops, key=lambda exemplar: exemplar["rank"])
    strongest: dict[str, int] = {}
    for exemplar in ranked:
        strongest.setdefault(exemplar["photo"].rpartition("#")[0] or exemplar["photo"], exemplar["cell"])
    first = list(strongest.values())
    return first + [exemplar["cell"] for exemplar in ranked if exemplar["cell"] not in first]


def _packed(atlas: Atlas, site: SiteEntry, kind: str, pack: int, offset: int, length: int) -> Image.Image | None:
    if length == 0:
        return None
    with (atlas.path / site.packs[kind][pack].path).open("rb") as file:
        file.seek(offset)
        return Image.open(io.BytesIO(file.read(length))).convert("RGB")


def _weights(atlas: Atlas, site: SiteEntry, cell: int) -> Image.Image | None:
    for sprites in site.sprites:
        if sprites.view == "weights" and sprites.size == 128:
            sheet, within = divmod(cell, sprites.columns**2)
            row, column = divmod(within, sprites.columns)
            with Image.open(atlas.path / sprites.sheets[sheet].path) as image:
                box = np.array([column, row, column + 1, row + 1]) * sprites.size
                return image.convert("RGB").crop(tuple(int(edge) for edge in box))  # type: ignore[arg-type]
    return None
