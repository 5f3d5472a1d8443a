from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.errors import SourceError
from optogram.images.open_images import open_images


def test_an_empty_folder_says_what_was_looked_for_and_what_is_there(tmp_path: Path) -> None:
    for name in ("1.HEIC", "2.heic", "notes.txt"):
        (tmp_path / name).write_text("x")
    with pytest.raises(SourceError) as caught:
        open_images(tmp_path)
    assert str(caught.value) == (
        f"no photographs in {tmp_path}/ (looked for .jpg .jpeg .png .webp .tif .tiff .bmp .gif .avif .jpe .jfif .jp2 .ppm .pgm .pnm, in folders "
        "below too). It holds 2 .heic, 1 .txt."
    )


def test_a_wrong_path_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(SourceError, match=r"Nearest: photos\."):
        open_images(tmp_path / "phtos")
    with pytest.raises(SourceError, match="there is no .*nowhere either"):
        open_images(tmp_path / "nowhere" / "photos")
    with pytest.raises(SourceError, match="got int"):
        open_images(3)


def test_other_endings_can_be_asked_for(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "x.dat", "PNG")
    assert len(open_images(tmp_path, extensions=[".DAT"])) == 1


def test_photographs_that_are_open_already_stay_as_they_are() -> None:
    photos = open_images(np.zeros((5, 8, 8), np.uint8)).subset([3, 1])
    assert open_images(photos) is photos


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_photographs_are_gray_or_coloured(channels: int) -> None:
    with pytest.raises(ValueError, match=r"1 channel \(gray\) or 3"):
        open_images(np.zeros((5, 8, 8), np.uint8), channels=channels)


def test_the_example_in_the_documentation_runs() -> None:
    code = "import doctest, optogram.images.open_images as m; r = doctest.testmod(m); assert r.attempted and not r.failed, r"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
