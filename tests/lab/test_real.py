"""Labs on pictures of people and of clothes from the real test data: each number beside its control."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from optogram.images.open_images import open_images
from optogram.lab.neighbours import neighbours
from optogram.lab.templates import templates

Shared = Callable[..., Path]


def test_ten_objects_by_neighbours_and_templates(fashion: Path) -> None:
    photos = open_images(fashion)
    near, learned = neighbours(photos, side=28, quick=True, progress=False), templates(photos, side=28, steps=100, quick=True, progress=False)
    assert near.finding("accuracy_distance").low > 0.55  # of 30 known pictures of each class; 60,000 known ones give .85
    assert near["equal_norms"] == 1 > near["distance_and_dot"]
    for name in ("templates", "nearest"):
        entry = learned.finding(name)
        assert entry.low > 0.55 > 3 * 0.1 > entry.control - 0.1
    assert learned["gap_without_decay"] > learned.finding("gap_without_decay").control


def test_forty_people_by_neighbours_and_templates(shared_data: Shared) -> None:
    photos = open_images(shared_data("faces", "orl"))
    near, learned = neighbours(photos, side=32, progress=False), templates(photos, side=32, steps=100, quick=True, progress=False)
    assert near.finding("accuracy_distance").low > 0.8
    assert learned.finding("templates").low > 0.8 > 0.2 > learned.finding("templates").control
    assert torch.tensor(learned.smooth).diff().min() > -0.05
