"""Files appear whole or not at all, under names that their content makes."""

from __future__ import annotations

import errno
import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optogram.atlas import folder as folder_module
from optogram.atlas.folder import MOST_BYTES, Folder, slug, write_atomically
from optogram.atlas.tables import schemas
from optogram.errors import AtlasError


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_name_is_the_contents_hash(tmp_path: Path) -> None:
    file = Folder(tmp_path).put("data/net", "units", "bin", b"content")
    digest = hashlib.blake2b(b"content", digest_size=5).hexdigest()
    assert (file.path, file.bytes) == (f"data/net/units-{digest}.bin", 7)
    assert files(tmp_path) == {file.path: b"content"}
    assert Folder(tmp_path).put("", "units", "bin", b"content").path == f"units-{digest}.bin"
    assert Folder(tmp_path).put("data/net", "units", "bin", b"another").path != file.path


def test_a_file_that_is_there_is_left_alone_and_one_cut_short_is_written_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    target = tmp_path / folder.put("data", "units", "bin", b"content").path
    before = target.stat().st_ino
    folder.put("data", "units", "bin", b"content")
    assert target.stat().st_ino == before
    target.write_bytes(b"cont")
    folder.put("data", "units", "bin", b"content")
    assert target.read_bytes() == b"content"


def test_a_table_is_one_row_group_that_comes_back(tmp_path: Path) -> None:
    schema = pa.schema([("unit", pa.int32()), ("effect", pa.float32())])
    rows = {"unit": list(range(3000)), "effect": [unit / 4 for unit in range(3000)]}
    file = Folder(tmp_path).table("data", "units", rows, schema)
    kept = pq.ParquetFile(tmp_path / file.path)
    assert kept.metadata.num_row_groups == 1
    assert kept.metadata.row_group(0).column(0).compression == "SNAPPY"
    assert kept.read().to_pydict() == rows
    empty = Folder(tmp_path).table("data", "none", {"unit": [], "effect": []}, schema)
    assert pq.read_table(tmp_path / empty.path).num_rows == 0


@pytest.mark.parametrize("raised", [ValueError("not drawn"), KeyboardInterrupt()])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, raised: BaseException) -> None:
    target = tmp_path / "sheet.png"
    target.write_bytes(b"old")

    def write(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise raised

    with pytest.raises(type(raised)):
        write_atomically(target, write)
    assert files(tmp_path) == {"sheet.png": b"old"}
    write_atomically(target, lambda partial: partial.write_bytes(b"new") and None)
    assert files(tmp_path) == {"sheet.png": b"new"}


def test_a_full_disk_names_the_file_and_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "manifest.json"
    target.write_bytes(b"old")
    whole = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        whole(path, content[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(AtlasError, match=rf"could not write {re.escape(str(target))}: No space left on device\. .*go on with the same command"):
        write_atomically(target, b"content")
    monkeypatch.undo()
    assert files(tmp_path) == {"manifest.json": b"old"}


def test_a_folder_that_cannot_be_made_is_said_too(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file in the way")
    with pytest.raises(AtlasError, match="could not write"):
        Folder(tmp_path).put("data/net", "units", "bin", b"content")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("layer4.1.bn2", "layer4.1.bn2"),
        ("layer1.0.relu#1", "layer1.0.relu~231"),
        ("layer2:3", "layer2~3A3"),
        ("zoo:photonet", "zoo~3Aphotonet"),
        ("a/b c", "a~2Fb~20c"),
        ("a~2Fb", "a~7E2Fb"),
        ("größe", "gr~C3~B6~C3~9Fe"),
        ("層", "~E5~B1~A4"),
        ("x_y-z@1,2", "x_y-z@1,2"),
    ],
)
def test_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_slug_is_plain_and_says_which_name_it_was(name: str) -> None:
    made = slug(name)
    assert re.fullmatch(r"[A-Za-z0-9_.,@~-]*", made)
    assert unquote(made.replace("~", "%"), errors="strict") == name


def test_the_evidence_of_a_wide_site_is_cut_into_files_of_four_megabytes(tmp_path: Path) -> None:
    """10,000 units, six claims against two nulls: one file would be larger."""
    units, families = 10_000, 12
    seed = np.random.default_rng(0)
    rows: dict[str, list[Any]] = {"unit": [unit for unit in range(units) for _ in range(families)]}
    many = len(rows["unit"])
    rows |= {name: ["predict"] * many for name in ("claim", "viewer", "null", "verdict")}
    rows |= {name: seed.normal(size=many).tolist() for name in ("effect", "low", "high", "p", "q", "floor")}
    rows |= {"count": seed.integers(0, 390_000, many).tolist(), "draws": [390_000] * many}
    rows["sentence"] = [f"{count:,} of 390,000 units of 39 untrained twins do as well; 1,000 held-out photographs" for count in rows["count"]]
    schema = schemas()["evidence"]
    assert Folder(tmp_path).table("one", "evidence", rows, schema).bytes > MOST_BYTES == 4_000_000
    parts = Folder(tmp_path).tables("data", "evidence", rows, schema)
    assert len(parts) > 1
    assert max(part.bytes for part in parts) <= MOST_BYTES
    assert [part.path.rpartition("-")[0] for part in parts] == [f"data/evidence-{number}" for number in range(len(parts))]
    assert pa.concat_tables([pq.read_table(tmp_path / part.path) for part in parts]).to_pydict()["sentence"] == rows["sentence"]


def test_what_fits_is_one_file_and_numbers_are_cut_between_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, schema = Folder(tmp_path), pa.schema([("unit", pa.int32())])
    assert folder.tables("data", "units", {"unit": [1]}, schema) == [folder.table("data", "units", {"unit": [1]}, schema)]
    assert [part.path.rpartition("-")[0] for part in folder.pieces("data", "responses", bytes(90), 30)] == ["data/responses"]
    monkeypatch.setattr(folder_module, "MOST_BYTES", 70)
    content = bytes(range(90))
    parts = folder.pieces("data", "responses", content, 30)
    assert [part.bytes for part in parts] == [60, 30]
    assert b"".join((tmp_path / part.path).read_bytes() for part in parts) == content
