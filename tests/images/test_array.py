from __future__ import annotations

import numpy as np
import pytest
import torch

from optogram.errors import SourceError
from optogram.images.open_images import open_images

COLOUR = np.random.default_rng(0).integers(0, 256, (5, 8, 9, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["last", "first", "tensor", "float", "float tensor", "memmap"])
def test_every_way_of_keeping_the_same_photographs_gives_them(kind: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    kept = {
        "last": lambda: COLOUR,
        "first": lambda: COLOUR.transpose(0, 3, 1, 2),
        "tensor": lambda: torch.from_numpy(COLOUR).permute(0, 3, 1, 2),
        "float": lambda: COLOUR / 255,
        "float tensor": lambda: torch.from_numpy(COLOUR).permute(0, 3, 1, 2).float() / 255,
        "memmap": lambda: mapped(tmp_path / "a.npy"),
    }[kind]()
    photos = open_images(kept)
    assert [photos.identity(index) for index in range(len(photos))] == ["0", "1", "2", "3", "4"]
    assert all(np.array_equal(photos.load(index), COLOUR[index]) for index in range(5))


def mapped(path) -> np.ndarray:  # type: ignore[no-untyped-def]
    np.save(path, COLOUR)
    return np.load(path, mmap_mode="r")


def test_gray_arrays_are_gray_and_ten_comes_after_nine() -> None:
    gray = np.arange(11 * 4 * 5, dtype=np.uint8).reshape(11, 4, 5)
    photos = open_images(gray, channels=1)
    assert photos.load(10)[:, :, 0].tolist() == gray[10].tolist()
    assert photos.identity(10) == "10"
    assert open_images(gray[:, None], channels=1).load(3)[:, :, 0].tolist() == gray[3].tolist()
    assert np.array_equal(open_images(gray).load(3), gray[3][:, :, None].repeat(3, 2))


def test_half_precision_tensors() -> None:
    for kind in (torch.float16, torch.bfloat16):
        assert open_images(torch.ones(2, 3, 8, 8, dtype=kind)).load(0).max() == 255


def test_a_photograph_with_nan_is_left_out_and_named() -> None:
    values = np.zeros((4, 8, 8, 3), np.float32)
    values[2, 1, 1, 1] = np.nan
    photos = open_images(values)
    with pytest.raises(SourceError, match="2 cannot be read: NaN or infinity"):
        photos.load(2)
    assert [str(found) for found in photos.left_out] == ["2 (NaN or infinity)"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((0, 8, 8, 3), np.uint8), "the array is empty"),
        (np.zeros((8, 9, 3), np.uint8), r"looks like one photograph. Give array\[None\]"),
        (np.zeros((4, 8, 8, 7), np.uint8), "1, 3 or 4 channels"),
        (np.zeros((4, 8), np.uint8), "1, 3 or 4 channels"),
        (np.linspace(-2, 2, 4 * 64 * 3).reshape(4, 8, 8, 3), "undo its normalisation"),
        (np.full((2, 8, 8), 16.0), "Rescale it"),
        (np.zeros((2, 8, 8), np.int64), "int64"),
    ],
)
def test_arrays_that_are_no_set_of_photographs(values: np.ndarray, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        open_images(values)


def test_the_same_array_has_the_same_hash_whatever_its_layout_in_memory() -> None:
    assert open_images(COLOUR).hash == open_images(np.asfortranarray(COLOUR)).hash
    other = COLOUR.copy()
    other[3, 2, 1, 0] ^= 1
    assert open_images(other).hash != open_images(COLOUR).hash
