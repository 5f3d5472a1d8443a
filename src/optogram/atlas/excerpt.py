"""A smaller atlas of chosen units: the same pages, the same verdicts and counts, fewer pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from optogram.atlas.folder import Folder, write_atomically
from optogram.atlas.packs import write_packs
from optogram.atlas.schema import File, Manifest, NetworkEntry, Photograph, SiteEntry, Sprites, Whole
from optogram.atlas.sprites import SHEET, tiled, webp
from optogram.atlas.tables import schemas
from optogram.atlas.whole import TOGETHER
from optogram.errors import AddressError
from optogram.evenly import evenly

if TYPE_CHECKING:
    from optogram.atlas.open import Atlas

A_SITE = 4
"""Units a site where none are named."""

PHOTOGRAPHS = 2
"""Photographs of the gallery that come along."""


def excerpt(atlas: Atlas, root: Path, units: Sequence[str] = (), network: str | None = None) -> Manifest:
    """Writes an atlas of these units (`conv1:3`, `conv1:0-7`, `fc:tabby`, a bare site for all of its units) into `root`.

    By default 4 units of each site, evenly spaced by evidence, and those that the atlas opens with. Without `network` the twin
    comes along, with the units of the same ranks; with it, that network alone. `AddressError` for units that there are not.
    """
    first = atlas.network(network)
    chosen = _chosen(atlas, first, units)
    networks = [first] if network is not None else list(atlas.networks)
    folder = Folder(root)
    entries = [_network(atlas, folder, one, chosen if one is first else _same_ranks(atlas, first, one, chosen)) for one in networks]
    kept = {f"{site}:{unit}" for site, cells in chosen.items() for unit in cells} if network in (None, atlas.networks[0].name) else set()
    manifest = atlas.manifest.model_copy(
        update={
            "networks": entries,
            "title": first.name,
            "whole": _whole(atlas, folder, entries),
            "held_out": [],
            "opening": [address for address in atlas.manifest.opening if address in kept],
        }
    )
    write_atomically(root / "manifest.json", manifest.model_dump_json().encode())
    return manifest


def _chosen(atlas: Atlas, network: NetworkEntry, units: Sequence[str]) -> dict[str, list[int]]:
    """Units of each site, in the order of the site's cells."""
    wanted: dict[str, set[int]] = {}
    if units:
        for address in units:
            site, found = _expanded(atlas, network, address)
            wanted.setdefault(site, set()).update(found)
    else:
        for entry in network.sites:
            rows = atlas.table(entry.address, "units", network.name).column("unit").to_pylist()
            wanted[entry.address] = set(evenly(rows, A_SITE))
        for address in atlas.manifest.opening if network is atlas.networks[0] else ():
            site, found = _expanded(atlas, network, address)
            wanted[site].update(found)
    return {
        site: [unit for unit in atlas.table(site, "units", network.name).column("unit").to_pylist() if unit in asked]
        for site, asked in wanted.items()
    }


def _expanded(atlas: Atlas, network: NetworkEntry, address: str) -> tuple[str, list[int]]:
    from optogram.network.address import parse

    name, _, unit = address.partition(":")
    site = atlas.site(name, network.name)
    table = atlas.table(name, "units", network.name)
    there = {int(number): label for number, label in zip(table.column("unit").to_pylist(), table.column("label").to_pylist(), strict=True)}
    if not unit:
        return name, sorted(there)
    asked = parse(address)
    if isinstance(asked.unit, int):
        found = list(range(asked.unit, (asked.last if asked.last is not None else asked.unit) + 1))
    else:
        found = [number for number, label in there.items() if label == asked.unit]
    if not found or not set(found) <= set(there):
        raise AddressError(f"{address} is not in {atlas.path}; {name} has units 0 to {site.units - 1}")
    return name, found


def _same_ranks(atlas: Atlas, first: NetworkEntry, other: NetworkEntry, chosen: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Units of another network that stand at the same places of the default order: nothing else connects them."""
    found = {}
    for site, units in chosen.items():
        if any(entry.address == site for entry in other.sites):
            rank = {unit: cell for cell, unit in enumerate(atlas.table(site, "units", first.name).column("unit").to_pylist())}
            there = atlas.table(site, "units", other.name).column("unit").to_pylist()
            found[site] = [there[rank[unit]] for unit in units if rank[unit] < len(there)]
    return found


def _network(atlas: Atlas, folder: Folder, network: NetworkEntry, chosen: Mapping[str, Sequence[int]]) -> NetworkEntry:
    sites = [_site(atlas, folder, network, site, chosen[site.address]) for site in network.sites if site.address in chosen]
    photographs = [_photograph(atlas, folder, network, photo, {site.address for site in sites}) for photo in network.photographs[:PHOTOGRAPHS]]
    return network.model_copy(update={"sites": sites, "photographs": photographs})


def _site(atlas: Atlas, folder: Folder, network: NetworkEntry, site: SiteEntry, units: Sequence[int]) -> SiteEntry:
    directory = str(Path(site.units_file.path).parent)
    rows = [row for row in atlas.table(site.address, "units", network.name).to_pylist() if row["unit"] in set(units)]
    cells = [row["cell"] for row in rows]
    packs = {}
    for kind, name in (("plates", "plate"), ("pictures", "picture")):
        files, places = write_packs(folder, directory, kind, (_packed(atlas, site, kind, name, row) for row in rows))
        packs[kind] = files
        for row, place in zip(rows, places, strict=True):
            row |= {f"{name}_pack": place.pack, f"{name}_offset": place.offset, f"{name}_length": place.length}
    for cell, row in enumerate(rows):
        row["cell"] = cell
    exemplars = _of(atlas, site, network, "exemplars", units)
    packs["maps"] = _maps(atlas, folder, directory, site, exemplars)
    references = _of(atlas, site, network, "references", units) if site.references_file else []
    packs["references"] = _references(atlas, folder, directory, site, references)
    return site.model_copy(
        update={
            "held": len(rows),
            "units_file": _table(folder, directory, "units", rows),
            "exemplars_file": _table(folder, directory, "exemplars", exemplars),
            "exemplars_more": [],
            "exemplars_each": 0,
            "evidence_file": _table(folder, directory, "evidence", _of(atlas, site, network, "evidence", units)) if site.evidence_file else None,
            "references_file": _table(folder, directory, "references", references) if references else None,
            "links_file": _table(folder, directory, "links", _of(atlas, site, network, "links", units)) if site.links_file else None,
            "tuning_file": _table(folder, directory, "tuning", _of(atlas, site, network, "tuning", units)) if site.tuning_file else None,
            "responses_file": None,
            "more": {},
            "packs": packs,
            "sprites": [_sprites(atlas, folder, directory, sprites, cells) for sprites in site.sprites],
        }
    )


def _of(atlas: Atlas, site: SiteEntry, network: NetworkEntry, table: str, units: Sequence[int]) -> list[dict[str, Any]]:
    return [row for row in atlas.table(site.address, table, network.name).to_pylist() if row["unit"] in set(units)]


def _table(folder: Folder, directory: str, name: str, rows: Sequence[Mapping[str, Any]], stem: str = "") -> File:
    schema = schemas()[name]
    return folder.table(directory, stem or name, {column: [row.get(column) for row in rows] for column in schema.names}, schema)


def _packed(atlas: Atlas, site: SiteEntry, kind: str, name: str, row: Mapping[str, Any]) -> bytes | None:
    if row[f"{name}_length"] == 0:
        return None
    return _bytes(atlas, site.packs[kind][row[f"{name}_pack"]], row[f"{name}_offset"], row[f"{name}_length"])


def _maps(atlas: Atlas, folder: Folder, directory: str, site: SiteEntry, exemplars: Sequence[dict[str, Any]]) -> list[File]:
    """The maps of these exemplars in packs of their own; their rows are told where."""
    from optogram.atlas.mapped import PACKED

    mapped = [row for row in exemplars if row.get("map_rows")]
    content = (_bytes(atlas, site.packs["maps"][row["map_pack"]], row["map_offset"], row["map_rows"] * row["map_columns"]) for row in mapped)
    files, places = write_packs(folder, directory, "maps", content, PACKED)
    for row, place in zip(mapped, places, strict=True):
        row |= {"map_pack": place.pack, "map_offset": place.offset}
    return files


def _references(atlas: Atlas, folder: Folder, directory: str, site: SiteEntry, rows: Sequence[dict[str, Any]]) -> list[File]:
    """The sheets of these references in packs of their own; their rows are told where."""
    lying = sorted({(row["pack"], row["offset"], row["length"]) for row in rows if row["length"]})
    content = (_bytes(atlas, site.packs["references"][pack], offset, length) for pack, offset, length in lying)
    files, places = write_packs(folder, directory, "references", content)
    where = dict(zip(lying, places, strict=True))
    for row in rows:
        if row["length"]:
            place = where[row["pack"], row["offset"], row["length"]]
            row |= {"pack": place.pack, "offset": place.offset}
    return files


def _bytes(atlas: Atlas, file: File, offset: int = 0, length: int = -1) -> bytes:
    with (atlas.path / file.path).open("rb") as opened:
        opened.seek(offset)
        return opened.read(length)


def _sprites(atlas: Atlas, folder: Folder, directory: str, sprites: Sprites, cells: Sequence[int]) -> Sprites:
    """The chosen cells on sheets of their own."""
    columns, full = SHEET // sprites.size, (SHEET // sprites.size) ** 2
    pictures = list(_cells(atlas, sprites, cells))
    sheets = [
        folder.put(
            directory,
            f"{sprites.view}-{sprites.size}-{start // full}",
            "webp",
            webp(tiled(pictures[start : start + full], columns, sprites.size), 85),
        )
        for start in range(0, len(pictures), full)
    ]
    return sprites.model_copy(update={"columns": columns, "count": len(cells), "sheets": sheets})


def _cells(atlas: Atlas, sprites: Sprites, cells: Sequence[int]) -> Iterator[np.ndarray]:
    full, opened = sprites.columns**2, (-1, Image.new("RGB", (1, 1)))
    for cell in cells:
        sheet, within = divmod(cell, full)
        if opened[0] != sheet:
            opened = sheet, Image.open(io.BytesIO(_bytes(atlas, sprites.sheets[sheet]))).convert("RGB")
        row, column = divmod(within, sprites.columns)
        left, top = column * sprites.size, row * sprites.size
        yield np.asarray(opened[1].crop((left, top, left + sprites.size, top + sprites.size)))


def _photograph(atlas: Atlas, folder: Folder, network: NetworkEntry, photo: Photograph, sites: set[str]) -> Photograph:
    """A photograph of the gallery, with what it drives among the units that came along."""
    import pyarrow.parquet as pq

    for file in (photo.file, *([photo.numbers] if photo.numbers else [])):
        write_atomically(folder.root / file.path, _bytes(atlas, file))
    rows = [row for row in pq.read_table(atlas.path / photo.seen.path).to_pylist() if row["site"] in sites]
    place = Path(photo.seen.path)
    return photo.model_copy(update={"seen": _table(folder, str(place.parent), "seen", rows, place.stem.rpartition("-")[0])})


def _whole(atlas: Atlas, folder: Folder, networks: Sequence[NetworkEntry]) -> Whole | None:
    """The photographs that the chosen units' exemplars were cut from, as far as the atlas keeps them."""
    import pyarrow.parquet as pq

    if atlas.manifest.whole is None:
        return None
    asked = {
        photo
        for network in networks
        for site in network.sites
        for photo in pq.read_table(folder.root / site.exemplars_file.path, columns=["photo"]).column("photo").to_pylist()
    }
    rows = [row for row in pq.read_table(atlas.path / atlas.manifest.whole.index.path).to_pylist() if row["photo"] in asked]
    content = (_bytes(atlas, atlas.manifest.whole.packs[row["pack"]], row["offset"], row["length"]) for row in rows)
    files, places = write_packs(folder, "data/photographs", "whole", content, TOGETHER)
    for row, place in zip(rows, places, strict=True):
        row |= {"pack": place.pack, "offset": place.offset, "length": place.length}
    return Whole(index=_table(folder, "data/photographs", "whole", rows), packs=files, kept=len(rows), count=len(asked))
