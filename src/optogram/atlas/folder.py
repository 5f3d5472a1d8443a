"""Writing an atlas's files: beside their place and renamed, under names that carry a hash of the content."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optogram.atlas.schema import File
from optogram.errors import AtlasError

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
        import pyarrow.parquet as pq

        table = pa.Table.from_pydict(rows, schema=schema)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="snappy", row_group_size=max(1, table.num_rows), store_schema=False)
        return self.put(directory, stem, "parquet", sink.getvalue().to_pybytes())


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
