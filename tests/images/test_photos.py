from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.errors import SettingError, SourceError
from optogram.images.left_out import LeftOut, LeftOutWarning
from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.images.preprocess import Preprocess

GRAY = np.arange(6 * 64, dtype=np.uint8).reshape(6, 8, 8)
SMALL = Preprocess(size=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(5):
        Image.new("RGB", (9, 7), (number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:40])
    (tmp_path / "3b.jpg").write_text("my notes")
    (tmp_path / "4b.jpg").write_bytes(b"")
    return tmp_path


def indices(photos: Photos, **options: object) -> list[int]:
    return [index for batch in photos.batches(SMALL, **options) for index in batch.indices]  # type: ignore[arg-type]


def test_unreadable_files_are_passed_over_counted_named_and_told_once(folder: Path) -> None:
    photos = open_images(folder)
    passed: list[LeftOut] = []
    with pytest.warns(LeftOutWarning) as told:
        assert indices(photos, left_out=passed) == [0, 2, 3, 5]
    assert [str(warning.message) for warning in told] == [
        "3 of 7 files were left out: 1.png (unreadable PNG), 3b.jpg (not an image), 4b.jpg (empty file)."
    ]
    assert passed == photos.left_out == [LeftOut("1.png", "unreadable PNG"), LeftOut("3b.jpg", "not an image"), LeftOut("4b.jpg", "empty file")]
    assert indices(photos) == [0, 2, 3, 5]  # and no second warning, which would be an error here
    assert len(photos) == 7
    with pytest.raises(SourceError, match=r"3b\.jpg cannot be read: not an image"):
        photos.load(4)


def test_photographs_that_pillow_cannot_open_are_counted_and_named_beside_others(tmp_path: Path) -> None:
    Image.new("RGB", (9, 7)).save(tmp_path / "a.jpg")
    Image.new("RGB", (9, 7)).save(tmp_path / "c.tif")
    (tmp_path / "c.tif").rename(tmp_path / "c.DNG")  # Raw files open as TIFFs: their previews.
    (tmp_path / "a.jpg").with_name("d.heic").write_bytes((tmp_path / "a.jpg").read_bytes())  # A JPEG whose name was changed is read.
    (tmp_path / "b.HEIC").write_bytes(b"\x00\x00\x00\x24ftypheic" + bytes(40))
    (tmp_path / "notes.txt").write_text("no photograph")
    photos = open_images(tmp_path)
    with pytest.warns(LeftOutWarning, match=r"^2 of 4 files were left out: b.HEIC \(HEIC, which Pillow cannot open\), c.DNG \(camera raw, which"):
        assert indices(photos) == [0, 3]
    with pytest.raises(SourceError, match="HEIC cannot be read: HEIC, which"):
        photos.load(1)
    with pytest.raises(SourceError, match=r"c.DNG cannot be read: camera raw, which is not read"):
        photos.load(2)
    assert len(open_images(tmp_path, extensions=[".jpg"])) == 1


def test_none_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("no")
    with pytest.raises(SourceError, match=r"no photograph of .* can be read: 1 of 1 files was left out: x\.jpg \(not an image\)"):
        indices(open_images(tmp_path))


def test_a_subset_is_a_view_that_shares_what_is_known(folder: Path) -> None:
    photos = open_images(folder)
    chosen = photos.subset([5, 1, 0])
    assert [chosen.identity(index) for index in range(3)] == ["4.png", "1.png", "0.png"]
    with pytest.warns(LeftOutWarning, match="1 of 3 files"):
        assert indices(chosen) == [0, 2]
    assert [found.name for found in photos.left_out] == ["1.png"]
    assert chosen.subset([2]).identity(0) == "0.png"
    assert chosen.hash == open_images(folder).subset([5, 1, 0]).hash != photos.hash


def test_gray_is_read_as_gray_and_batches_may_ask_for_another() -> None:
    photos = open_images(GRAY, channels=1)
    assert photos.load(0).shape == (8, 8, 1)
    assert photos.load(0, channels=3).shape == (8, 8, 3)
    assert next(photos.batches(SMALL)).images.shape == (6, 1, 4, 4)
    assert next(photos.batches(SMALL, 3)).images.shape == (6, 3, 4, 4)


def test_groups_and_labels_can_be_given_and_change_nothing_else() -> None:
    photos = open_images(GRAY)
    assert photos.group(4) == "4"
    grouped = photos.grouped(lambda identity: f"scene {int(identity) // 2}")
    assert [grouped.group(index) for index in range(6)] == ["scene 0", "scene 0", "scene 1", "scene 1", "scene 2", "scene 2"]
    assert photos.group(4) == "4"
    assert grouped.hash != photos.hash  # other folds, other results
    labelled = grouped.subset([5, 0]).labelled(["last", "first"])
    assert (labelled.label(0), labelled.label(1), labelled.group(0)) == ("last", "first", "scene 2")
    with pytest.raises(SettingError, match="one group for each of the 6"):
        photos.grouped(["a"])


def test_photographs_load_as_they_are_kept(folder: Path) -> None:
    assert open_images(folder).load(5).tolist() == [[[4, 0, 0]] * 9] * 7


def test_a_thumbnail_keeps_the_shape_and_the_text_says_what_it_is() -> None:
    photos = open_images(np.zeros((2, 300, 100, 3), np.uint8))
    assert photos.thumbnail(0, 60).size == (20, 60)
    assert repr(photos) == "Photos(2 images of array 2x300x100x3, colour)"


def test_the_real_sample_reads_whole(shared_data) -> None:  # type: ignore[no-untyped-def]
    photos = open_images(shared_data("photos", "imagenet-sample"))
    assert len(photos) == 700
    batches = list(photos.subset(range(0, 700, 7)).batches(Preprocess(size=256, crop=224)))
    assert sum(len(batch.indices) for batch in batches) == 100
    assert photos.left_out == []
    assert 90 < np.mean([batch.images.float().mean().item() for batch in batches]) < 140  # ImageNet's mean is .45 of 255
