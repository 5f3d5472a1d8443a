from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optogram.errors import SettingError, SourceError
from optogram.images.open_images import open_images
from optogram.lab.hidden import duplicates, hidden

Quick = Callable[[str], Any]


def test_duplicates_by_hand() -> None:
    incoming = np.array([[1.0, 0, 0], [2, 0, 0], [0, 1, 0], [3, 0, 0], [1, 0, 0]])
    outgoing = np.array([[1.0, -1], [0.5, -0.5], [1, -1], [-1, 1], [1, -1]])
    alive = np.array([True, True, True, True, False])
    assert duplicates(incoming, outgoing, alive).tolist() == [0, 0, 2, 3, 4]


class TestQuick:
    def test_three_hundred_units_beat_their_controls(self, quick: Quick) -> None:
        found = quick("hidden").result
        best = found.finding("units_300")
        assert best.low > best.chance
        assert best.low > best.control
        assert best.value >= found["units_1"]
        assert len(found.biases) == 300

    def test_units_are_described_by_their_weights(self, quick: Quick) -> None:
        found = quick("hidden").result
        assert found["dead"] == (found.on == 0).sum()
        assert found["duplicates"] == (found.copies != np.arange(300)).sum()
        order = np.sort(found.contribution**2)[::-1].cumsum()
        enough = int(found["enough"])
        assert order[enough - 1] >= 0.9 * order[-1] > order[enough - 2]
        assert found["smoothness"] > found.finding("smoothness").control


def test_people_from_class_folders(shared_data: Callable[..., Path]) -> None:
    photos = open_images(shared_data("faces", "orl"))
    chosen = photos.subset([index for index in range(len(photos)) if photos.label(index) in ("s1", "s2", "s3", "s4", "s5", "s6")])
    found = hidden(chosen, side=64, units=50, quick=True, progress=False)
    entry = found.finding("units_50")
    assert found.names == ("s1", "s2", "s3", "s4", "s5", "s6")
    assert found.incoming.shape == (50, 64, 64)
    assert entry.low > 2 * entry.chance


def test_no_unit_and_no_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="at least 1 unit"):
        hidden(units=0, quick=True)
    with pytest.raises(SourceError, match="class folders"):
        hidden(open_images(np.zeros((4, 8, 8), np.uint8)), quick=True)
