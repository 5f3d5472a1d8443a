"""Photographs in a column of Parquet files: their bytes, or a structure with a field `bytes`, as the Hugging Face hub keeps them."""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from optogram.errors import SourceError
from optogram.images._folder import relative, walk
from optogram.images.decode import Unreadable
from optogram.images.source import Source

_PICTURE_COLUMNS = ("image", "img", "jpg", "png", "picture", "photo", "bytes", "image_bytes", "content")
_LABEL_COLUMNS = ("label", "labels", "class", "cls", "target", "fine_label")
_GROUPS_KEPT = 2
"""Row groups held in memory at once: reading in order needs one, its threads straddle two."""


@dataclass(slots=True)
class Table:
    """One Parquet file: which column holds the pictures, which the labels, where its row groups begin; and the groups last read."""

    path: Path
    column: str
    label: str | None
    classes: list[str] | None
    starts: list[int]
    rows: int
    kept: dict[int, Any] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def value(self, column: str, row: int) -> Any:
        """One cell. A whole row group is read and kept, since Parquet compresses by row group."""
        group = bisect.bisect_right(self.starts, row) - 1
        return self._group(group).column(column)[row - self.starts[group]].as_py()

    def _group(self, group: int) -> Any:
        import pyarrow.parquet as pq

        with self.lock:
            if group not in self.kept:
                while len(self.kept) >= _GROUPS_KEPT:
                    self.kept.pop(next(iter(self.kept)))
                columns = [self.column] + ([self.label] if self.label else [])
                with pq.ParquetFile(self.path) as file:
                    self.kept[group] = file.read_row_group(group, columns=columns)
            return self.kept[group]


def parquet(path: Path) -> Source | None:
    """The photographs in one Parquet file or in every `.parquet` below a folder; `None` if there is none.

    Identities are `FILE/ROW`, the row with eight digits so that their order is the file's. Reading in ascending order is fast, at
    random slow: row groups are read whole. Raises `SourceError` if no column holds pictures.
    """
    files = {path.name: path} if path.is_file() else relative(path, (file for file in walk(path) if file.suffix.lower() == ".parquet"))
    tables = {name: _table(file) for name, file in files.items()}
    places = [(name, row) for name, table in tables.items() for row in range(table.rows)]
    if not places:
        return None

    def read(index: int) -> bytes:
        name, row = places[index]
        value = tables[name].value(tables[name].column, row)
        found = value.get("bytes") if isinstance(value, dict) else value
        if found is None:
            raise Unreadable("no bytes in its cell")
        return bytes(found)

    def label(index: int) -> str | None:
        name, row = places[index]
        table = tables[name]
        value = table.value(table.label, row) if table.label else None
        known = isinstance(value, int) and table.classes is not None and 0 <= value < len(table.classes)
        return None if value is None else table.classes[value] if known and table.classes else str(value)

    return Source(str(path), tuple(f"{name}/{row:08d}" for name, row in places), read, label, noun="rows")


def _table(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
            sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path} cannot be read as a Parquet file: {error}") from error
    columns = list(_picture_columns(schema))
    if not columns:
        raise SourceError(f"no column of {path} holds pictures as bytes, or as a structure with a field bytes; it has {', '.join(schema.names)}")
    column = next((name for name in _PICTURE_COLUMNS if name in columns), columns[0])
    label = next((name for name in _LABEL_COLUMNS if name in schema.names), None)
    return Table(path, column, label, _classes(schema, label), [sum(sizes[:group]) for group in range(len(sizes))], sum(sizes))


def _picture_columns(schema: Any) -> Iterator[str]:
    import pyarrow as pa

    for entry in schema:
        kind = entry.type
        inner = kind.field("bytes").type if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0 else kind
        if pa.types.is_binary(inner) or pa.types.is_large_binary(inner):
            yield entry.name


def _classes(schema: Any, label: str | None) -> list[str] | None:
    """The classes' names, where the file carries the hub's description of its columns."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, ValueError, TypeError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None
