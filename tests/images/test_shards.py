from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.errors import SourceError
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess


def png(level: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (7, 5), (level, level, level)).save(stream, "PNG")
    return stream.getvalue()


def tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def test_samples_of_a_shard_have_their_members_name_and_label(tmp_path: Path) -> None:
    path = tar(
        tmp_path / "a.tar",
        {
            "0002.png": png(2),
            "0002.cls": b"7\n",
            "0001.png": png(1),
            "0001.json": b'{"label": "tabby", "more": 1}',
            "0003.png": png(3),
            "0003.mask.png": png(99),
            "0003.json": b"{broken",
            "tench/my.photo.png": png(4),
            "readme.txt": b"hello",
        },
    )
    photos = open_images(path)
    assert [photos.identity(index) for index in range(len(photos))] == ["0001.png", "0002.png", "0003.png", "tench/my.photo.png"]
    assert [photos.label(index) for index in range(4)] == ["tabby", "7", None, "tench"]
    assert [int(photos.load(index).max()) for index in range(4)] == [1, 2, 3, 4]


def test_a_folder_of_shards_and_a_long_name(tmp_path: Path) -> None:
    long = "x" * 150 + ".png"
    tar(tmp_path / "b" / "1.tar", {long: png(11), "é.png": png(12)})
    tar(tmp_path / "0.tar", {"y.png": png(10), "./z.png": png(9)})
    photos = open_images(tmp_path)
    assert [photos.identity(index) for index in range(4)] == ["0.tar/y.png", "0.tar/z.png", f"b/1.tar/{long}", "b/1.tar/é.png"]
    read = [int(level) for batch in photos.batches(Preprocess(), workers=3) for level in batch.images[:, 0, 0, 0]]
    assert read == [10, 9, 11, 12]


def test_the_same_photographs_have_the_same_identities_in_a_folder_and_in_its_tar(tmp_path: Path) -> None:
    members = {f"{label}/{number}.png": png(number) for label in ("a", "b") for number in range(3)}
    for name, data in members.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    one, other = open_images(tmp_path / "folder"), open_images(tar(tmp_path / "x.tar", members))
    assert one.hash == other.hash
    assert [one.label(index) for index in range(6)] == [other.label(index) for index in range(6)]


def test_the_last_member_of_a_name_counts(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"x.png": png(1)})
    tar(path, {"x.png": png(2)}, "a")
    photos = open_images(path)
    assert len(photos) == 1
    assert np.all(photos.load(0) == 2)


def test_compressed_and_empty_tars_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="uncompressed tar"):
        open_images(tar(tmp_path / "a.tar", {"x.png": png(1)}, "w:gz"))
    with pytest.raises(SourceError, match="no photographs in"):
        open_images(tar(tmp_path / "b.tar", {"x.txt": b"no"}))
