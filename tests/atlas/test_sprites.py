"""Cells stand where the viewer looks for them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.atlas.folder import Folder
from optogram.atlas.sprites import BLANK, square, squares, tiled, webp, write_sprites


def flat(value: int, height: int = 8, width: int = 8, channels: int = 3) -> np.ndarray:
    return np.full((height, width, channels), value, np.uint8)


def test_unit_is_found_by_division_on_its_sheet(tmp_path: Path) -> None:
    columns, per_sheet = 8, 64
    values = [37 * number % 256 for number in range(per_sheet + 11)]
    pictures: list[np.ndarray | None] = [flat(value) for value in values]
    pictures[5] = pictures[70] = None
    (sprites,) = write_sprites(Folder(tmp_path), "data", "strongest", pictures, (128,))
    assert (sprites.view, sprites.size, sprites.columns, sprites.count) == ("strongest", 128, columns, per_sheet + 11)
    sheets = [np.asarray(Image.open(tmp_path / sheet.path)) for sheet in sprites.sheets]
    assert [sheet.shape for sheet in sheets] == [(1024, 1024, 3), (256, 1024, 3)]
    for number, picture in enumerate(pictures):
        sheet, within = divmod(number, per_sheet)
        row, column = divmod(within, columns)
        cell = sheets[sheet][128 * row + 16 : 128 * row + 112, 128 * column + 16 : 128 * column + 112].astype(int)
        expected = BLANK if picture is None else (values[number],) * 3
        assert np.abs(cell - expected).max() <= 6  # WebP is lossy


def test_one_sheet_a_size_and_none_without_pictures(tmp_path: Path) -> None:
    made = write_sprites(Folder(tmp_path), "data", "middle", [flat(9), None])
    assert [(sprites.size, sprites.columns) for sprites in made] == [(32, 32), (64, 16), (128, 8)]
    assert write_sprites(Folder(tmp_path), "data", "middle", [None, None]) == []


@pytest.mark.parametrize("side", [32, 64, 128])
@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (64, 64), (300, 40), (3, 200), (1, 500)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_picture_becomes_a_square_of_three_channels(side: int, shape: tuple[int, int], channels: int) -> None:
    cell = square(flat(77, *shape, channels), side)
    assert cell.shape == (side, side, 3)
    assert (cell[(side - 1) // 2, (side - 1) // 2] == 77).all()
    shown = (cell == 77).all(axis=2)
    assert set(map(tuple, cell[~shown].tolist())) <= {BLANK}
    assert int(shown.any(axis=1).sum()) == max(1, round(side * shape[0] / max(shape)))
    assert int(shown.any(axis=0).sum()) == max(1, round(side * shape[1] / max(shape)))


def test_tiny_pictures_keep_their_pixels() -> None:
    tiny = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    assert np.array_equal(square(tiny, 32), np.kron(tiny, np.ones((8, 8, 1), np.uint8)))


@pytest.mark.parametrize(("side", "shape"), [(32, (100, 100)), (64, (30, 30)), (96, (225, 120))])
def test_pictures_are_resized_as_pillow_resizes_them(side: int, shape: tuple[int, int]) -> None:
    pictures = list(np.random.default_rng(0).integers(0, 256, (3, *shape, 3), dtype=np.uint8))
    rows, columns = (round(side * extent / max(shape)) for extent in shape)
    left = (side - columns) // 2
    for cell, picture in zip(squares(pictures, side), pictures, strict=True):
        expected = Image.fromarray(picture).resize((columns, rows), Image.Resampling.BICUBIC)
        assert np.abs(cell[:rows, left : left + columns].astype(int) - np.asarray(expected)).max() <= 1


def test_gray_becomes_the_same_in_three_channels() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (50, 50, 1), dtype=np.uint8)
    cell = square(gray, 32)
    assert (cell == cell[:, :, :1]).all()
    assert np.array_equal(cell, square(np.repeat(gray, 3, axis=2), 32))


def test_a_picture_of_the_cells_size_is_unchanged() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert np.array_equal(square(picture, 32), picture)


def test_tiles_go_row_by_row() -> None:
    sheet = np.asarray(tiled([flat(1, 4, 4), None, flat(3, 4, 4)], 2, 4))
    assert sheet.shape == (8, 8, 3)
    assert (sheet[:4, :4] == 1).all()
    assert (sheet[:4, 4:] == BLANK).all()
    assert (sheet[4:, :4] == 3).all()
    assert (sheet[4:, 4:] == BLANK).all()
    assert np.asarray(tiled([flat(1, 4, 4)], 2, 4, rows=3)).shape == (12, 8, 3)


def test_webp_is_the_same_bytes_each_time() -> None:
    image = tiled([flat(1, 4, 4)], 2, 4)
    assert webp(image) == webp(image)
    with Image.open(io.BytesIO(webp(image))) as opened:
        assert (opened.format, opened.size) == ("WEBP", (8, 4))
