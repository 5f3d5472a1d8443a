"""Packs: several units' pictures in one file, small enough to fetch whole where a server knows no ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from optogram.atlas.folder import Folder
from optogram.atlas.schema import File

MOST_BYTES = 2_000_000
MOST_PLATES = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit's bytes lie: the pack's number, the first byte, the length. A length of 0 means none."""

    pack: int
    offset: int
    length: int


NOWHERE = Place(-1, 0, 0)


def write_packs(folder: Folder, directory: str, stem: str, plates: Iterable[bytes | None], most: int = MOST_PLATES) -> tuple[list[File], list[Place]]:
    """Concatenates pictures into packs of at most `most` pictures and 2 MB, in the order given, and says where each lies."""
    files: list[File] = []
    places: list[Place] = []
    open_pack = bytearray()
    held = 0

    def close() -> None:
        nonlocal held
        if open_pack:
            files.append(folder.put(directory, f"{stem}-{len(files)}", "pack", bytes(open_pack)))
            open_pack.clear()
            held = 0

    for plate in plates:
        if plate is None:
            places.append(NOWHERE)
            continue
        if held == most or len(open_pack) + len(plate) > MOST_BYTES:
            close()
        places.append(Place(len(files), len(open_pack), len(plate)))
        open_pack += plate
        held += 1
    close()
    return files, places
