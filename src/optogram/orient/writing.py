"""Applies answers to files: one tag each, one log for all, and a way back.

Before a file changes, its entry (the bytes that go and those that come, and digests of the whole file before and after) is in the log on disk.
A file is written beside itself and renamed. So whenever the program is killed, every file is whole, as before or as after, and the log knows both.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from optogram.errors import InputError, SourceError
from optogram.orient.exif import Splice, orientation, reversed_splices, spliced, splices
from optogram.orient.turns import corrected

LOG = ".optogram-orient.jsonl"
"""The undo log's name in the folder of photographs: one JSON object a line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: its name relative to the folder, and why it was left alone (empty where it was changed)."""

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    name: str
    before: str
    after: str
    changes: tuple[Splice, ...]

    def as_line(self) -> bytes:
        """The line, with its end."""
        changes = [[change.offset, change.removed.hex(), change.inserted.hex()] for change in self.changes]
        return json.dumps({"name": self.name, "before": self.before, "after": self.after, "changes": changes}).encode() + b"\n"

    @staticmethod
    def read(line: str) -> Entry:
        """The entry of a line."""
        held = json.loads(line)
        changes = tuple(Splice(offset, bytes.fromhex(removed), bytes.fromhex(inserted)) for offset, removed, inserted in held["changes"])
        return Entry(held["name"], held["before"], held["after"], changes)


def turn_files(folder: Path, turns: Iterable[tuple[str, int]]) -> Iterator[Outcome]:
    """Sets the tag of each file (name relative to `folder`) that looks turned by so many quarter turns counterclockwise; yields as it goes.

    Files that are no JPEG, are read-only, or have EXIF data that cannot be read, are left alone and say why. Raises
    `SourceError` where the log cannot be kept.
    """
    for name, turn in turns:
        try:
            yield _turned(folder, name, turn)
        except InputError as error:
            yield Outcome(name, str(error))
        except OSError as error:
            yield Outcome(name, (error.strerror or "cannot be written").lower())


def undo_files(folder: Path) -> Iterator[Outcome]:
    """Takes back everything in the log, the last change first. What was changed since by others is left alone and stays in the log."""
    entries = read_log(folder)
    if not entries:
        raise SourceError(f"nothing to undo in {folder}: there is no {LOG}")
    kept = []
    for entry, earlier in reversed(list(zip(entries, _earlier(entries), strict=True))):
        outcome = _restored(folder, entry, earlier)
        if outcome is not None and outcome.reason:
            kept.append(entry)
        if outcome is not None:
            yield outcome
    log = folder / LOG
    if kept:
        _replace(log, b"".join(entry.as_line() for entry in reversed(kept)))
    else:
        log.unlink()


def read_log(folder: Path) -> list[Entry]:
    """The log's entries, oldest first; none where there is no log. A last line without its end was never acted on and is passed over."""
    log = folder / LOG
    if not log.exists():
        return []
    lines = log.read_text(encoding="utf-8").split("\n")
    return [Entry.read(line) for line in lines[:-1] if line]


def digest(data: bytes) -> str:
    """32 hexadecimal digits of a file's bytes."""
    return blake2b(data, digest_size=16).hexdigest()


def _turned(folder: Path, name: str, turn: int) -> Outcome:
    path = (folder / name).resolve()
    data = path.read_bytes()
    # Renaming over it would not ask the file's own permissions.
    if not path.stat().st_mode & 0o222:
        return Outcome(name, "it is read-only")
    changes = splices(data, corrected(orientation(data), turn))
    if not changes:
        return Outcome(name, "it says so already")
    after = spliced(data, changes)
    entry = Entry(name, digest(data), digest(after), tuple(changes))
    _append(folder / LOG, entry.as_line())
    _replace(path, after)
    return Outcome(name)


def _earlier(entries: list[Entry]) -> list[frozenset[str]]:
    """For each entry the digests that its file had before it and before any older one: an interrupted `undo_files` may have come as far back."""
    seen: dict[str, frozenset[str]] = {}
    states = []
    for entry in entries:
        seen[entry.name] = seen.get(entry.name, frozenset()) | {entry.before}
        states.append(seen[entry.name])
    return states


def _restored(folder: Path, entry: Entry, earlier: frozenset[str]) -> Outcome | None:
    """`None` where the file is as it was `earlier`: the entry's change never came about, or was taken back."""
    path = (folder / entry.name).resolve()
    try:
        data = path.read_bytes()
        path.with_name(f".{path.name}.partial").unlink(missing_ok=True)
    except OSError as error:
        return Outcome(entry.name, (error.strerror or "cannot be read").lower())
    if digest(data) in earlier:
        return None
    if digest(data) != entry.after:
        return Outcome(entry.name, "it was changed since by something else")
    try:
        _replace(path, spliced(data, reversed_splices(list(entry.changes))))
    except OSError as error:
        return Outcome(entry.name, (error.strerror or "cannot be written").lower())
    return Outcome(entry.name)


def _append(log: Path, line: bytes) -> None:
    try:
        with log.open("a+b") as file:
            _end_torn_line(file)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SourceError(f"the undo log {log} cannot be written ({(error.strerror or 'unknown').lower()}): nothing was changed") from error


def _end_torn_line(file: BinaryIO) -> None:
    """Cuts off a last line without its end, which a kill left: it was never acted on, and would spoil the next one."""
    size = file.seek(0, os.SEEK_END)
    if not size:
        return
    file.seek(size - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def _replace(path: Path, data: bytes) -> None:
    """The new bytes in the file's place, with its permissions and times, in one step."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copystat(path, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
