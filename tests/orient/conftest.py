"""A folder of two photographs, and what is in a folder beside the log."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.orient.writing import LOG


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LOG}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two photographs, the second with an orientation in its EXIF data."""
    folder = tmp_path / "source"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (24, 36, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(folder / "a.jpg")
    Image.fromarray(pixels).save(folder / "b.jpg", exif=exif)
    return folder
