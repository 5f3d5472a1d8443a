from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from optogram.errors import SourceError
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 10, 12, 3), dtype=np.uint8)


class Items(Dataset[Any]):
    def __init__(self, make: Any, classes: list[str] | None = None) -> None:
        self.make = make
        if classes is not None:
            self.classes = classes

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return self.make(index)


@pytest.mark.parametrize(
    "make",
    [
        lambda i: (Image.fromarray(PIXELS[i]), i % 2),
        lambda i: (torch.from_numpy(PIXELS[i]).permute(2, 0, 1) / 255, torch.tensor(i % 2)),
        lambda i: (PIXELS[i], np.int64(i % 2)),
        lambda i: {"image": Image.fromarray(PIXELS[i]), "label": i % 2},
        lambda i: [torch.from_numpy(PIXELS[i]).permute(2, 0, 1), i % 2, "more"],
    ],
    ids=["pillow", "tensor", "array", "mapping", "list"],
)
def test_items_of_every_kind(make: Any) -> None:
    photos = open_images(Items(make, ["cat", "dog"]))
    assert all(np.array_equal(photos.load(index), PIXELS[index]) for index in range(6))
    assert [photos.label(index) for index in range(3)] == ["cat", "dog", "cat"]
    assert open_images(Items(make)).label(1) == "1"


def test_items_without_label_and_lists_of_pictures() -> None:
    photos = open_images([Image.fromarray(pixels) for pixels in PIXELS])
    assert len(photos) == 6
    assert photos.label(0) is None
    assert np.array_equal(photos.load(5), PIXELS[5])
    assert np.array_equal(open_images(TensorDataset(torch.from_numpy(PIXELS).permute(0, 3, 1, 2))).load(2), PIXELS[2])


def test_targets_give_labels_without_reading_a_picture() -> None:
    reads: list[int] = []
    items = Items(lambda i: (reads.append(i), PIXELS[i])[1], ["cat", "dog"])
    items.targets = [0, 1, 0, 1, 0, 1]  # type: ignore[attr-defined]
    photos = open_images(items)
    reads.clear()
    assert photos.label(3) == "dog"
    assert reads == []


def test_an_item_that_fails_is_left_out_and_named() -> None:
    def make(index: int) -> Any:
        if index == 4:
            raise KeyError("gone")
        return PIXELS[index]

    photos = open_images(Items(make))
    with pytest.warns(UserWarning, match=r"1 of 6 items was left out: 4 \(KeyError: 'gone'\)\."):
        found = [index for batch in photos.batches(Preprocess(), batch_size=4) for index in batch.indices]
    assert found == [0, 1, 2, 3, 5]


def test_only_one_thread_at_a_time_runs_the_users_code() -> None:
    inside: list[int] = []

    def make(index: int) -> Any:
        inside.append(index)
        assert len(inside) == 1
        torch.randn(100, 100) @ torch.randn(100, 100)  # gives other threads a chance
        inside.remove(index)
        return PIXELS[index]

    assert sum(len(batch.indices) for batch in open_images(Items(make)).batches(Preprocess(), workers=4)) == 6


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (Items(lambda i: torch.randn(3, 8, 8)), "Leave normalisation out"),
        (
            Items(lambda i: PIXELS[np.random.default_rng().integers(6)] ^ np.uint8(np.random.default_rng().integers(256))),
            "Leave random transforms out",
        ),
        (Items(lambda i: {"picture_id": 3}), "no picture under"),
        (Items(lambda i: object()), "which is no picture"),
        (Items(lambda i: 1 / 0), "ZeroDivisionError"),
        ([], "list of files is empty"),
        (torch.utils.data.Subset(Items(lambda i: PIXELS[i]), []), "is empty"),
    ],
)
def test_data_sets_that_cannot_be(items: Any, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        open_images(items)


def test_a_stream_has_no_indices() -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(PIXELS)

    with pytest.raises(SourceError, match="has a length and is indexed"):
        open_images(Stream())
    with pytest.raises(SourceError, match=r"list\(\.\.\.\)"):
        open_images(iter(PIXELS))
