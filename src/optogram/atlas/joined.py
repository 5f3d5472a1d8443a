"""Several atlases of the same photographs as one, so that networks can be looked at side by side: before and after fine-tuning, say."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optogram.atlas.build import copy_viewer
from optogram.atlas.folder import Folder, slug, write_atomically
from optogram.atlas.open import Atlas, open_atlas
from optogram.atlas.schema import File, NetworkEntry, SiteEntry, Whole
from optogram.atlas.tables import schemas
from optogram.errors import AtlasError, SettingError, StaleError

if TYPE_CHECKING:
    from optogram.atlas.schema import Manifest


def join(atlases: Sequence[Atlas], path: str | Path, names: Sequence[str] = ()) -> Atlas:
    """Writes one atlas with the networks of all, twins included, into the new folder `path`; nothing is computed anew.

    `names`: what each atlas's network is called there; by default its own name, with `-2`, `-3` where it is taken. Findings and
    the opening are the first one's. Raises `StaleError` where the photographs are not the same, `AtlasError` for a folder in use.
    """
    if names and (len(names) != len(atlases) or len(set(names)) != len(names)):
        raise SettingError(f"names are as many as atlases, and differ; got {list(names)} for {len(atlases)}")
    root, first = Path(path), atlases[0].manifest
    for one in atlases[1:]:
        if one.manifest.photographs.hash != first.photographs.hash:
            raise StaleError(f"{one.path} is of other photographs than {atlases[0].path}: what they drive cannot be compared")
    if root.exists() and any(root.iterdir()):
        raise AtlasError(f"{root} is not empty. Choose a new folder")
    networks: list[NetworkEntry] = []
    for number, one in enumerate(atlases):
        for file in one.files():
            _copy(one.path / file.path, root / file.path)
        networks += _renamed(one.manifest, names[number] if names else _free(one.networks[0].name, networks), first.held_out)
    kept = {file.file.path: file for one in atlases for file in one.manifest.kept}
    manifest = first.model_copy(update={"networks": networks, "whole": _whole(atlases, Folder(root)), "kept": list(kept.values())})
    copy_viewer(root)
    write_atomically(root / "manifest.json", manifest.model_dump_json().encode())
    return open_atlas(root)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():  # a name holds its content's hash: the same name is the same file
        shutil.copyfile(source, target)


def _free(name: str, taken: Sequence[NetworkEntry]) -> str:
    known = {network.name for network in taken}
    return next(found for found in (name, *(f"{name}-{number}" for number in range(2, len(known) + 3))) if found not in known)


def _renamed(manifest: Manifest, name: str, held_out: Sequence[str]) -> list[NetworkEntry]:
    """The atlas's networks under another name; twins keep what stands behind it. Responses to other photographs than `held_out` are left out."""
    before, found = manifest.networks[0].name, []
    for network in manifest.networks:
        called = name + network.name.removeprefix(before)
        update: dict[str, Any] = {"name": called, "slug": slug(called)}
        if list(manifest.held_out) != list(held_out):
            update["sites"] = [_without_responses(site) for site in network.sites]
        found.append(network.model_copy(update=update))
    return found


def _without_responses(site: SiteEntry) -> SiteEntry:
    more = {name: files for name, files in site.more.items() if name != "responses"}
    return site.model_copy(update={"responses_file": None, "more": more})


def _whole(atlases: Sequence[Atlas], folder: Folder) -> Whole | None:
    """The whole photographs of all, each once."""
    import pyarrow.parquet as pq

    rows: dict[str, dict[str, Any]] = {}
    packs: list[File] = []
    count = 0
    for one in atlases:
        if (whole := one.manifest.whole) is not None:
            for row in pq.read_table(one.path / whole.index.path).to_pylist():
                rows.setdefault(row["photo"], row | {"pack": row["pack"] + len(packs)})
            packs += whole.packs
            count = max(count, whole.count)
    if not packs:
        return None
    columns = {name: [row[name] for row in rows.values()] for name in schemas()["whole"].names}
    return Whole(
        index=folder.table("data/photographs", "whole", columns, schemas()["whole"]), packs=packs, kept=len(rows), count=max(count, len(rows))
    )
