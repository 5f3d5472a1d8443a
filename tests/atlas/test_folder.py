"""Files appear whole or not at all, under names that their content makes."""

from __future__ import annotations

import errno
import hashlib
import re
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optogram.atlas.folder import Folder, slug, write_atomically
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
