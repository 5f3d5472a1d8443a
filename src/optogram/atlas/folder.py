"""Writing an atlas's files: beside their place and renamed, under names that carry a hash of the content."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optogram.atlas.schema import File
from optogram.errors import AtlasError

MOST_BYTES = 4_000_000
"""Bytes of a file at most: what a phone fetches in a few seconds, and what hosts of static files take without a word."""
_KEPT = re.compile(r"[A-Za-z0-9_.,@-]")


@dataclass(frozen=True, slots=True)
class Folder:
    """The root of an atlas; every path is relative to it."""

    root: Path

    def put(self, directory: str, stem: str, suffix: str, content: bytes) -> File:
        """Writes `directory/stem-HASH.suffix` and gives its path and length; does nothing if it is there already."""
        digest = hashlib.blake2b(content, digest_size=5).hexdigest()
        path = f"{directory}/{stem}-{digest}.{suffix}" if directory else f"{stem}-{digest}.{suffix}"
        target = self.root / path
        if not target.exists() or target.stat().st_size != len(content):
            write_atomically(target, content)
        return File(path=path, bytes=len(content))

    def table(self, directory: str, stem: str, rows: dict[str, list[Any]], schema: Any) -> File:
        """Writes columns as one Snappy-compressed Parquet file with one row group."""
        import pyarrow as pa

        return self.put(directory, stem, "parquet", _parquet(pa.Table.from_pydict(rows, schema=schema)))

    def tables(self, directory: str, stem: str, rows: dict[str, list[Any]], schema: Any) -> list[File]:
        """The same, as several files of rows in order where one would be larger than `MOST_BYTES`."""
        import pyarrow as pa

        return self._parts(directory, stem, "parquet", list(_small_enough(pa.Table.from_pydict(rows, schema=schema))))

    def pieces(self, directory: str, stem: str, content: bytes, each: int) -> list[File]:
        """Writes bytes as files of at most `MOST_BYTES`, cut between records of `each` bytes."""
        most = max(1, MOST_BYTES // each) * each
        return self._parts(directory, stem, "pack", [content[start : start + most] for start in range(0, len(content), most)])

    def _parts(self, directory: str, stem: str, suffix: str, parts: Sequence[bytes]) -> list[File]:
        stems = [stem] if len(parts) == 1 else [f"{stem}-{number}" for number in range(len(parts))]
        return [self.put(directory, name, suffix, part) for name, part in zip(stems, parts, strict=True)]


def _parquet(table: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy", row_group_size=max(1, table.num_rows), store_schema=False)
    return bytes(sink.getvalue().to_pybytes())


def _small_enough(table: Any) -> Iterator[bytes]:
    """The table's file, or those of its halves where it is too large."""
    content = _parquet(table)
    if len(content) <= MOST_BYTES or table.num_rows < 2:
        yield content
        return
    half = table.num_rows // 2
    yield from _small_enough(table.slice(0, half))
    yield from _small_enough(table.slice(half))


def write_atomically(target: Path, content: bytes | Callable[[Path], None]) -> None:
    """Writes beside `target` and renames: whoever looks sees the old file or the new one, never half of one.

    `content` is the bytes, or a function that writes a file at the path it is given. A full disk is an `AtlasError` that says so.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(partial)
        else:
            partial.write_bytes(content)
        partial.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        if not isinstance(error, OSError):
            raise
        raise AtlasError(
            f"could not write {target}: {error.strerror or error}. What was written before is kept; go on with the same command"
        ) from error


def slug(name: str) -> str:
    """A name as part of an address and of a path: everything but `A-Za-z0-9_.,@-` becomes `~XX` of its UTF-8 bytes.

    The colon that addresses allow is written `~3A` too, as not every file system takes it.
    """
    return "".join(character if _KEPT.match(character) else "".join(f"~{byte:02X}" for byte in character.encode()) for character in name)
