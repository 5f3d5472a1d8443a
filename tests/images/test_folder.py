from __future__ import annotations

import os
import random
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.errors import SourceError
from optogram.images.folds import fold
from optogram.images.open_images import open_images

NAMES = ["b.jpg", "a/2.png", "a/10.png", "a.jpg", "Z.JPG", "é.png", "deep/er/still/x.webp", "a b, (c).bmp"]


def write(root: Path, names: list[str]) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(name.encode())
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)).save(path)


def identities(root: Path) -> list[str]:
    photos = open_images(root)
    return [photos.identity(index) for index in range(len(photos))]


def test_order_identity_fold_and_hash_depend_on_nothing_but_names_and_contents(tmp_path: Path) -> None:
    roots = []
    for seed in range(3):
        root = tmp_path / f"copy {seed}"
        shuffled = random.Random(seed).sample(NAMES, len(NAMES))
        write(root, shuffled)
        for name in shuffled:
            os.utime(root / name, (seed, seed))
        roots.append(root)
    shutil.copytree(roots[0], tmp_path / "moved")
    found = [open_images(root) for root in (*roots, tmp_path / "moved")]
    names = [[photos.identity(index) for index in range(len(photos))] for photos in found]
    assert names[0] == sorted(NAMES, key=str.encode)  # by bytes: capitals first, "10" before "2", "é" last
    assert all(other == names[0] for other in names)
    assert len({photos.hash for photos in found}) == 1
    assert [fold(name) for name in names[0]] == [fold(name) for name in names[-1]]


def test_the_hash_sees_a_changed_byte_a_new_name_and_a_missing_file(tmp_path: Path) -> None:
    write(tmp_path, NAMES)
    before = open_images(tmp_path).hash
    data = bytearray((tmp_path / "b.jpg").read_bytes())
    data[-3] ^= 1
    (tmp_path / "b.jpg").write_bytes(bytes(data))
    changed = open_images(tmp_path).hash
    (tmp_path / "b.jpg").rename(tmp_path / "c.jpg")
    renamed = open_images(tmp_path).hash
    (tmp_path / "c.jpg").unlink()
    assert len({before, changed, renamed, open_images(tmp_path).hash}) == 4


def test_class_folders_are_labels(tmp_path: Path) -> None:
    write(tmp_path, ["tabby/1.png", "tabby/more/2.png", "tench/1.png", "loose.png"])
    photos = open_images(tmp_path)
    labels = {photos.identity(index): photos.label(index) for index in range(len(photos))}
    assert labels == {"loose.png": None, "tabby/1.png": "tabby", "tabby/more/2.png": "tabby", "tench/1.png": "tench"}


def test_hidden_files_and_other_endings_are_no_photographs(tmp_path: Path) -> None:
    write(tmp_path, ["x.png", ".hidden/x.png", "__MACOSX/x.png"])
    for name in ("._x.png", ".DS_Store", "notes.txt", "clip.mov", "._y.heic"):
        (tmp_path / name).write_bytes(b"\0")
    assert identities(tmp_path) == ["x.png"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", ["1.png"])
    write(tmp_path / "photos", ["0.png"])
    (tmp_path / "photos" / "tench").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "round").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "lost.png").symlink_to(tmp_path / "nothing.png")
    photos = open_images(tmp_path / "photos")
    assert [photos.identity(index) for index in range(len(photos))] == ["0.png", "lost.png", "tench/1.png"]
    with pytest.raises(SourceError, match=r"lost\.png cannot be read: no such file"):
        photos.load(1)


def test_a_decomposed_name_is_the_same_photograph(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))
    write(tmp_path / "here", [composed])
    write(tmp_path / "there", [decomposed])
    assert identities(tmp_path / "here") == identities(tmp_path / "there") == [composed]
    write(tmp_path / "there", [unicodedata.normalize("NFD", "é.png"), "f.png"])
    assert identities(tmp_path / "there") == [composed, "f.png", "é.png"]  # the order too is that of the composed names
    write(tmp_path / "here", [decomposed])
    assert sorted(identities(tmp_path / "here")) == sorted([composed, decomposed])  # both there: none may vanish


def test_a_name_that_is_no_unicode_is_written_out(tmp_path: Path) -> None:
    write(tmp_path, ["x.png"])
    os.rename(tmp_path / "x.png", os.fsencode(tmp_path) + b"/caf\xe9.png")  # noqa: PTH104  (a path of bytes)
    assert identities(tmp_path) == [r"caf\xe9.png"]
    assert open_images(tmp_path).load(0).shape == (6, 8, 3)


def test_a_list_of_files_is_named_from_the_folder_they_share(tmp_path: Path) -> None:
    write(tmp_path, NAMES)
    listed = [tmp_path / "a" / "10.png", str(tmp_path / "deep/er/still/x.webp"), tmp_path / "a" / "10.png"]
    photos = open_images(listed)
    assert [photos.identity(index) for index in range(len(photos))] == ["a/10.png", "deep/er/still/x.webp"]
    assert open_images(list(reversed(listed))).hash == photos.hash
    assert open_images(listed[:1]).identity(0) == "10.png"
    assert open_images(listed[:1], root=tmp_path).identity(0) == "a/10.png"
    assert open_images(tmp_path / "b.jpg").identity(0) == "b.jpg"


def test_lists_that_cannot_be(tmp_path: Path) -> None:
    write(tmp_path, ["x.png"])
    with pytest.raises(SourceError, match=r"1 of the 2 files named do not exist: .*y\.png"):
        open_images([tmp_path / "x.png", tmp_path / "y.png"])
    with pytest.raises(SourceError, match="root is a folder that holds every file"):
        open_images([tmp_path / "x.png"], root=tmp_path / "other")
    with pytest.raises(SourceError, match="list of files is empty"):
        open_images([])


def test_a_text_file_names_the_photographs(tmp_path: Path) -> None:
    write(tmp_path / "photographs", NAMES)
    (tmp_path / "list.txt").write_text("# the good ones\nphotographs/b.jpg\n\n photographs/deep/er/still/x.webp \r\nphotographs/é.png\n", "utf-8")
    photos = open_images(tmp_path / "list.txt")
    assert [photos.identity(index) for index in range(len(photos))] == ["b.jpg", "deep/er/still/x.webp", "é.png"]
    assert photos.hash == open_images([tmp_path / "photographs" / name for name in ("é.png", "b.jpg", "deep/er/still/x.webp")]).hash
    for text, said in (("# nothing\n", "names none"), ("photographs/b.jpg\nno.jpg\n", "1 of the 2 files named do not exist: .*no.jpg")):
        (tmp_path / "list.txt").write_text(text)
        with pytest.raises(SourceError, match=said):
            open_images(tmp_path / "list.txt")
    (tmp_path / "list.txt").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(SourceError, match="not text"):
        open_images(tmp_path / "list.txt")
