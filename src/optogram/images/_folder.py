"""Photographs as files: a folder with all that is below it, or a list of files."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from optogram.errors import SourceError
from optogram.images.source import NAMED, Source, bytewise, folder_label, is_photograph


def folder(path: Path, extensions: Sequence[str]) -> Source | None:
    """Every photograph below a folder, those of `NAMED` among them; `None` if there are none but these. In a folder of class folders the label is
    the first folder's name.
    """
    files = relative(path, (file for file in walk(path) if is_photograph(file.name, extensions)))
    readable = any(not is_photograph(name, NAMED) for name in files)
    return _files(files, str(path)) if readable else None


def file_list(paths: Sequence[str | os.PathLike[str]], root: str | os.PathLike[str] | None) -> Source:
    """The files named, each once, in the order of their identities: paths relative to `root`, by default the folder that they share.

    Raises `SourceError` if one does not exist or lies outside `root`.
    """
    files = [Path(path).absolute() for path in paths]
    if not files:
        raise SourceError("no photographs: the list of files is empty. Name at least one.")
    missing = [str(given) for given, file in zip(paths, files, strict=True) if not file.is_file()]
    if missing:
        more = " ..." if len(missing) > 3 else ""
        raise SourceError(f"{len(missing)} of the {len(files)} files named do not exist: {', '.join(missing[:3])}{more}")
    shared = Path(root).absolute() if root is not None else Path(os.path.commonpath([file.parent for file in files]))
    outside = [str(file) for file in files if not file.is_relative_to(shared)]
    if outside:
        raise SourceError(f"root is a folder that holds every file; {outside[0]} is not in {shared}. Leave root out, or name a folder above it.")
    return _files(relative(shared, dict.fromkeys(files)), str(files[0]) if len(files) == 1 else f"{len(files)} files")


def listed(path: Path) -> list[Path]:
    """The files that a text file names, one a line, relative to its own folder; empty lines and those that begin with `#` are left out.

    Raises `SourceError` if it is no text or names none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is no list of files: it is not text in UTF-8. Name one photograph a line.") from error
    files = [path.parent / line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not files:
        raise SourceError(f"no photographs: {path} names none. Name one a line.")
    return files


def walk(path: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    """Every regular file below a folder, links followed, but not into a folder that holds the link; hidden files and folders left out."""
    status = path.stat()
    key = (status.st_dev, status.st_ino)
    if key in above:
        return
    try:
        entries = sorted(os.scandir(path), key=lambda entry: os.fsencode(entry.name))
    except PermissionError as error:
        raise SourceError(f"the folder {path} cannot be read: {error.strerror}. Grant the permission, or name the folders that can be.") from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            yield from walk(Path(entry.path), above | {key})
        elif entry.is_file() or entry.is_symlink():  # A link to nothing is named when it is read.
            yield Path(entry.path)


def endings(path: Path) -> Counter[str]:
    """How many files below a folder have which ending, in lower case."""
    return Counter(file.suffix.lower() for file in walk(path))


def relative(root: Path, files: Iterable[Path]) -> dict[str, Path]:
    r"""Files by identity, in the order of the identities: the path from the root with `/`, in composed Unicode.

    Some file systems decompose names, so that the same folder copied there and back must keep its identities. Two names that differ in
    nothing else keep their own bytes; undecodable bytes are written `\xNN`.
    """
    spelt = {os.fsencode(file.relative_to(root).as_posix()).decode("utf-8", "backslashreplace"): file for file in files}
    named: dict[str, Path] = {}
    for name in sorted(spelt, key=bytewise):
        composed = unicodedata.normalize("NFC", name)
        named[name if composed in spelt or composed in named else composed] = spelt[name]
    return {name: named[name] for name in sorted(named, key=bytewise)}


def _files(files: dict[str, Path], name: str) -> Source:
    identities, paths = tuple(files), tuple(files.values())
    return Source(name, identities, paths.__getitem__, lambda index: folder_label(identities[index]))
