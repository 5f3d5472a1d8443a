from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from optogram.drawing.sheet import grid, stacked, strip
from optogram.drawing.theme import DARK, LIGHT, rgb


def picture(seed: int, height: int = 8, width: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def margins_are_clean(sheet: Image.Image, theme=LIGHT) -> bool:  # type: ignore[no-untyped-def]
    pixels = np.asarray(sheet)
    inner = pixels.copy()
    inner[24:-24, 24:-24] = rgb(theme.ground)
    return bool((inner == rgb(theme.ground)).all())


def cells(sheet: Image.Image) -> int:
    """How many separate things lie on a sheet without text."""
    return int(ndimage.label((np.asarray(sheet) != rgb(LIGHT.ground)).any(axis=2), np.ones((3, 3)))[1])


texts = st.text(st.sampled_from("abc WXYZ /_.0129é"), max_size=120)


@settings(max_examples=15)
@given(st.integers(1, 12), st.lists(texts, min_size=12, max_size=12), texts, texts, st.sampled_from([None, 40, 148]))
def test_no_text_runs_into_the_margin(count: int, captions: list[str], title: str, note: str, cell: float | None) -> None:
    sheet = grid([picture(0)] * count, captions=captions[:count], title=title, note=note, cell=cell)
    assert margins_are_clean(sheet)


@pytest.mark.parametrize("count", [1, 2, 7, 9, 32, 100])
def test_every_picture_is_there_once_with_its_pixels_enlarged(count: int) -> None:
    sheet = grid([np.full((8, 8, 3), 30, np.uint8)] * count)
    assert cells(sheet) == count
    one = picture(1)
    pixels = np.asarray(grid([one]))
    factor = (pixels.shape[0] - 64) // 8
    assert np.array_equal(pixels[32:-32, 32:-32], one.repeat(factor, 0).repeat(factor, 1))


def test_columns_heads_and_labels_stand_where_their_pictures_are() -> None:
    pictures = [np.full((30, 30), 30 * number, np.uint8) for number in range(6)]
    plain = grid(pictures, columns=3, cell=60)
    named = grid(pictures, cell=60, heads=["photograph", "map", "overlay"], labels=["gradient", "guided_backprop"])
    assert named.width > plain.width
    assert named.height > plain.height
    assert margins_are_clean(named)
    levels = np.asarray(plain.convert("L"))[92]
    assert [int(levels[32 + 60 + number * 128]) for number in range(3)] == [0, 30, 60]


def test_an_empty_cell_is_an_outline() -> None:
    sheet = np.asarray(grid([None], cell=50))
    assert tuple(sheet[sheet.shape[0] // 2, sheet.shape[1] // 2]) == rgb(LIGHT.ground)
    assert tuple(sheet[33, sheet.shape[1] // 2]) == rgb(LIGHT.line)


def test_a_row_of_captions_is_as_deep_as_its_deepest() -> None:
    shallow, deep = (strip([picture(0), picture(1)], captions=["a", text], cell=64).height for text in ("b", "b\nc\nd"))
    assert deep - shallow == pytest.approx(2 * 2 * 11 * 1.35, abs=2)


def test_wide_and_high_pictures_keep_their_proportions() -> None:
    sheet = grid([np.zeros((100, 200, 3), np.uint8), np.zeros((200, 100, 3), np.uint8)], columns=2, cell=100)
    black = (np.asarray(sheet) == 0).all(axis=2)
    assert black.sum() == pytest.approx(2 * 100 * 200, rel=0.02)


def test_dark_sheets() -> None:
    assert margins_are_clean(grid([picture(0)], title="layer4.1", theme=DARK), DARK)


def test_stacked_sheets_lie_one_below_the_other() -> None:
    first, second = Image.new("RGB", (30, 10), "red"), Image.new("RGB", (20, 15), "blue")
    whole = np.asarray(stacked([first, second]))
    assert whole.shape == (25, 30, 3)
    assert np.array_equal(whole[:10], np.asarray(first))
    assert np.array_equal(whole[10:, :20], np.asarray(second))
    assert (whole[10:, 20:] == rgb(LIGHT.ground)).all()
