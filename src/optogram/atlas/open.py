"""`open_atlas`: an atlas's folder as an object, with its tables as columns."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from optogram.atlas.schema import SCHEMA_VERSION, Manifest, NetworkEntry, SiteEntry
from optogram.atlas.strips import strips
from optogram.errors import AddressError, AtlasError, StaleError, unknown
from optogram.network.pictured import know

if TYPE_CHECKING:
    from PIL.Image import Image

TABLES = ("units", "exemplars", "references", "evidence", "links", "tuning")


@dataclass(frozen=True)
class Atlas:
    """A folder that `build_atlas` made. Nothing is read until it is asked for."""

    path: Path
    manifest: Manifest

    @property
    def networks(self) -> list[NetworkEntry]:
        """The networks it holds, twins included."""
        return self.manifest.networks

    def network(self, name: str | None = None) -> NetworkEntry:
        """One network by its name; the first one by default."""
        known = {network.name: network for network in self.networks}
        if name is not None and name not in known:
            raise AddressError(unknown("network", name, known, where=f" in {self.path}"))
        return self.networks[0] if name is None else known[name]

    def site(self, address: str, network: str | None = None) -> SiteEntry:
        """One site of a network (the first one by default); `AddressError` with the nearest where there is none."""
        sites = {site.address: site for site in self.network(network).sites}
        if address not in sites:
            raise AddressError(unknown("site", address, sites, where=f" in {self.path}"))
        return sites[address]

    def table(self, site: str, name: str = "units", network: str | None = None) -> Any:
        """A site's `units`, `exemplars`, `references`, `evidence`, `links` or `tuning` as a pyarrow table."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        parts = self.site(site, network).parts(name) if name in TABLES else []
        if not parts:
            raise AtlasError(
                f"{site} has no table {name} in this atlas; there are units, exemplars and, where they were made, {', '.join(TABLES[2:])}"
            )
        return pa.concat_tables([pq.read_table(self.path / part.path) for part in parts])

    def show(self, units: Sequence[str] = (), network: str | None = None, height: int = 720) -> Shown:
        """The viewer inside a notebook, with these units (`conv1:3`, `conv1:0-7`, a bare site; by default a few of each site)."""
        from optogram.atlas.single_file import frame

        return Shown(frame(self, units, network, height), str(self))

    def beside(self, *others: Atlas, path: str | Path, names: Sequence[str] = ()) -> Atlas:
        """One atlas of several networks on the same photographs, in a new folder: before and after fine-tuning, say.

        `names`: what the networks are called there, this one's first. `StaleError` where the photographs are not the same.
        """
        from optogram.atlas.joined import join

        return join((self, *others), path, names)

    def export_name(self, network: str | None = None) -> str:
        """The name of an exported file: an untrained twin's says so, so that it cannot pass as the real thing."""
        from optogram.atlas.folder import slug

        one = self.network(network)
        return f"{slug(f'{one.twin} {one.name}'.replace(' ', '-') if one.twin else one.name)}.html"

    def missing(self) -> list[str]:
        """Files that the manifest names and that are not there, or have another length."""
        return [file.path for file in self.files() if not self._whole(file.path, file.bytes)]

    def files(self) -> list[Any]:
        """Every data file that the manifest names."""
        found = []
        for network in self.networks:
            for site in network.sites:
                found += [file for name in (*TABLES, "responses") for file in site.parts(name)]
                found += [file for pack in site.packs.values() for file in pack]
                found += [sheet for sprites in site.sprites for sheet in sprites.sheets]
            for photograph in network.photographs:
                found += [photograph.file, photograph.seen, *([photograph.numbers] if photograph.numbers else [])]
        found += [one.file for one in self.manifest.kept]
        if self.manifest.whole is not None:
            found += [self.manifest.whole.index, *self.manifest.whole.packs]
        return found

    def _whole(self, path: str, length: int) -> bool:
        file = self.path / path
        return file.is_file() and file.stat().st_size == length

    def figure(self) -> Image:
        """The contact sheet: of each site with places its first unit by evidence, and its last."""
        from optogram.atlas.contact_sheet import drawn

        return drawn(self)

    def _repr_html_(self) -> str:
        from optogram.drawing.inline import data_uri

        told = html.escape(str(self), quote=True)
        return f'<p>{told}</p><img alt="{told}" style="max-width:100%" src="{data_uri(self.figure())}">'

    def __str__(self) -> str:
        megabytes = sum(file.bytes for file in self.files()) / 1e6
        network = self.networks[0]
        units = sum(site.units for site in network.sites)
        photographs = self.manifest.photographs.count
        return f"{self.path}/  {network.name}, {len(network.sites)} sites, {units} units, {photographs} photographs, {megabytes:.0f} MB"


@dataclass(frozen=True)
class Shown:
    """An element of a notebook; prints as one line elsewhere."""

    content: str
    text: str

    def _repr_html_(self) -> str:
        return self.content

    def __repr__(self) -> str:
        return self.text


def open_atlas(path: str | Path) -> Atlas:
    """Opens an atlas's folder. `AtlasError` where it is none or not yet whole; `StaleError` where it is of a later format."""
    root = Path(path)
    manifest = root / "manifest.json"
    if not manifest.exists():
        unfinished = " Its build was interrupted: go on with the same `optogram atlas` command." if (root / ".build").exists() else ""
        raise AtlasError(f"{root} holds no atlas (no manifest.json).{unfinished}")
    content = manifest.read_bytes()
    if (version := _version(content)) > SCHEMA_VERSION:
        raise StaleError(f"{root} is of format {version}; this version of optogram reads up to {SCHEMA_VERSION}. Update optogram")
    try:
        found = Atlas(root, Manifest.model_validate_json(content))
    except ValidationError as error:
        raise AtlasError(f"{manifest} is not a manifest that this version reads: {error.errors()[0]['msg']}") from error
    for network in found.networks:
        know(network.weights, partial(strips, root.absolute(), network))
    return found


def _version(content: bytes) -> int:
    """The format's number, read before all else: a later format may hold what this version does not know. 0 where there is none."""
    try:
        found = json.loads(content)["schema_version"]
    except (ValueError, KeyError, TypeError):
        return 0
    return found if isinstance(found, int) else 0
