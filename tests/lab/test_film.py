"""A film that is kept: what repeats stands longer, colours stay, and it begins anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from optogram.lab._film import FRAME_MS, keep_film


def test_what_repeats_is_kept_once_and_stands_longer(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (40, 30), colour) for colour in ((200, 30, 20), (10, 90, 200), (250, 250, 248))]
    pictures[1].paste((0, 0, 0), (8, 8, 16, 16))
    keep_film([pictures[0]] * 5 + [pictures[1]] + [pictures[2]] * 2, tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        frames = [(frame.info["duration"], np.asarray(frame.convert("RGB"), int)) for frame in ImageSequence.Iterator(film)]
        assert film.info["loop"] == 0
    assert [duration for duration, _ in frames] == [5 * FRAME_MS, FRAME_MS, 2 * FRAME_MS]
    for (_, shown), picture in zip(frames, pictures, strict=True):
        assert np.abs(shown - np.asarray(picture, int)).max() <= 4, "a colour has changed"


def test_one_picture_is_a_film_too(tmp_path: Path) -> None:
    keep_film([Image.new("RGB", (9, 7), (12, 120, 60))] * 3, tmp_path / "still.gif")
    with Image.open(tmp_path / "still.gif") as film:
        assert film.size == (9, 7)
        assert np.abs(np.asarray(film.convert("RGB"), int) - (12, 120, 60)).max() <= 4
