"""What was made on the live bench, put into the atlas: its files under names of our own, then the manifest in one piece."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optogram.atlas.folder import Folder, write_atomically
from optogram.atlas.gallery import Prediction, photograph
from optogram.atlas.open import Atlas, open_atlas
from optogram.atlas.schema import DrawnMap, File, KeptPicture, Manifest, Photograph
from optogram.atlas.tables import schemas
from optogram.errors import SettingError
from optogram.serve.bench import Bench, encoded
from optogram.serve.jobs import Job
from optogram.serve.photographs import Dropped

_WRITING = threading.Lock()


def keep(bench: Bench, job: Job) -> Atlas:
    """Puts a job's answer into the atlas: a picture beside its unit's, a photograph with all maps made of it beside the others.

    The same answer twice is kept once. `SettingError` for a job without an answer.
    """
    if job.state != "done":
        raise SettingError(f"only what is done can be kept; this job is {job.state}")
    with _WRITING:
        atlas = open_atlas(bench.atlas.path)
        changed = _with_picture(atlas, bench, job) if job.kind == "synthesize" else _with_photograph(atlas, bench, job)
        write_atomically(atlas.path / "manifest.json", changed.model_dump_json().encode())
        return open_atlas(atlas.path)


def _with_picture(atlas: Atlas, bench: Bench, job: Job) -> Manifest:
    found, entry = job.private, atlas.network()
    kept = KeptPicture(
        network=entry.name,
        address=str((job.result or {})["address"]),
        file=Folder(atlas.path).put(_directory(atlas), "picture", "webp", encoded(found.image(0))),
        activation=float(found.activations[0]),
        verdict=found.verdict[0],
        sentence=found.line(0),
        settings={name: str(value) for name, value in found.provenance.settings.items()} | {"seed": str(found.provenance.seed)},
    )
    others = [one for one in atlas.manifest.kept if one.file.path != kept.file.path]
    return atlas.manifest.model_copy(update={"kept": [*others, kept]})


def _with_photograph(atlas: Atlas, bench: Bench, job: Job) -> Manifest:
    dropped = bench.photographs.get(job.key)
    looked = bench.jobs.answers("look", dropped.id)
    if not looked:
        raise SettingError("a photograph is kept with what it drives: ask for a look at it first")
    maps = {(one.private[0].method, one.private[0].target): one.private for one in bench.jobs.answers("attribute", dropped.id)}
    kept = _photograph(Folder(atlas.path), _directory(atlas), dropped, looked[-1].private, list(maps.values()))
    entry = atlas.network()
    others = [one for one in entry.photographs if one.identity != kept.identity]
    networks = [entry.model_copy(update={"photographs": [*others, kept]}), *atlas.networks[1:]]
    return atlas.manifest.model_copy(update={"networks": networks})


def _photograph(
    folder: Folder, directory: str, dropped: Dropped, looked: tuple[list[Prediction], dict[str, list[Any]]], maps: Sequence[tuple[DrawnMap, bytes]]
) -> Photograph:
    named, rows = looked
    placed: list[DrawnMap] = []
    numbers = bytearray()
    for drawn, values in maps:
        placed.append(drawn.model_copy(update={"offset": len(numbers)}))
        numbers += values
    pack: File | None = folder.put(directory, f"maps-{dropped.id}", "pack", bytes(numbers)) if numbers else None
    return Photograph(
        identity=f"yours {dropped.id[:6]}",
        file=folder.put(directory, f"photo-{dropped.id}", "webp", photograph(dropped.frame)),
        height=dropped.frame.shape[0],
        width=dropped.frame.shape[1],
        predictions=[(one.label, one.response) for one in named],
        seen=folder.table(directory, f"seen-{dropped.id}", rows, schemas()["seen"]),
        numbers=pack,
        maps=placed,
    )


def _directory(atlas: Atlas) -> str:
    return str(Path("data") / atlas.network().slug / "kept")
