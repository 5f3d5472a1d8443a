"""Photographs in tar files, as WebDataset packs them: members that share a key (`0001.jpg`, `0001.cls`) are one sample."""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from optogram.errors import SourceError
from optogram.images._folder import relative, walk
from optogram.images.source import Source, bytewise, folder_label, is_photograph

_LABELS = ("cls", "json")


@dataclass(frozen=True, slots=True)
class Member:
    """Where a tar file keeps one member's bytes."""

    path: Path
    start: int
    size: int

    def read(self) -> bytes:
        """The member's bytes; the file is opened anew, so that threads don't share a position."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)


def shards(path: Path, extensions: Sequence[str]) -> Source | None:
    """The photographs in one tar file or in every `.tar` below a folder; `None` if there is none.

    Identities are the member's name, behind the shard's where there are several. Labels come from a member `KEY.cls` (or `KEY.json` with
    `label`), else from the first folder. Raises `SourceError` for compressed or broken tar files.
    """
    files = {"": path} if path.is_file() else relative(path, (file for file in walk(path) if file.suffix.lower() == ".tar"))
    photographs: dict[str, Member] = {}
    labels: dict[str, Member | str | None] = {}
    for name, file in files.items():
        members = _members(file)
        label_of = {_key(member): place for member, place in members.items() if _ending(member) in _LABELS}
        for member in _chosen(members, extensions):
            identity = f"{name}/{member}" if name else member
            photographs[identity] = members[member]
            labels[identity] = label_of.get(_key(member), folder_label(member))
    if not photographs:
        return None
    identities = tuple(sorted(photographs, key=bytewise))

    def label(index: int) -> str | None:
        found = labels[identities[index]]
        return _label(found) if isinstance(found, Member) else found

    return Source(str(path), identities, lambda index: photographs[identities[index]].read(), label, noun="members")


def _members(path: Path) -> dict[str, Member]:
    """Name and place of each file in a tar; the last one of a name counts, as when unpacking."""
    try:
        with tarfile.open(path, "r:") as archive:
            return {_readable(entry.name): Member(path, entry.offset_data, entry.size) for entry in archive if entry.isreg()}
    except (tarfile.TarError, OSError) as error:
        raise SourceError(f"{path} cannot be read as an uncompressed tar file ({error}). If it is compressed, unpack it first (gunzip).") from error


def _readable(name: str) -> str:
    r"""A member's name as valid Unicode: undecodable bytes as `\xNN`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").removeprefix("./")


def _chosen(members: dict[str, Member], extensions: Sequence[str]) -> list[str]:
    """The photographs among the members; where a sample has `KEY.jpg`, its `KEY.mask.png` is none."""
    samples: defaultdict[str, list[str]] = defaultdict(list)
    for name in members:
        if is_photograph(name, extensions):
            samples[_key(name)].append(name)
    chosen = []
    for names in samples.values():
        exact = [name for name in names if f".{_ending(name)}" in extensions]
        chosen += exact or names
    return chosen


def _key(name: str) -> str:
    """A member's name up to the first dot behind its last slash."""
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def _ending(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[2].lower()


def _label(member: Member) -> str | None:
    text = member.read().decode("utf-8", "replace").strip()
    if not text.startswith("{"):
        return text or None
    try:
        value = json.loads(text).get("label")
    except ValueError:
        return None
    return None if value is None else str(value)
