from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from optogram.drawing.paper import Paper, as_image, dashes, fitted
from optogram.drawing.theme import LIGHT, Theme

BLACK_ON_WHITE = Theme("#ffffff", "#ffffff", "#000000", "#000000", "#000000", "#000000", "#000000", "#ffffff", "#000000", "#000000", "#000000")


def ink(paper: Paper) -> float:
    """How much ink there is, in square units."""
    return float((255 - np.asarray(paper.image.convert("L"), float)).sum() / 255 / paper.scale**2)


def paper(scale: int = 2) -> Paper:
    return Paper(60, 40, BLACK_ON_WHITE, scale)


@given(st.floats(1, 4), st.floats(0, 2 * math.pi), st.sampled_from([1, 2, 3]))
def test_a_line_has_the_ink_of_its_length_and_width(width: float, angle: float, scale: int) -> None:
    sheet = paper(scale)
    sheet.line([(30 - 12 * math.cos(angle), 20 - 12 * math.sin(angle)), (30 + 12 * math.cos(angle), 20 + 12 * math.sin(angle))], width)
    assert ink(sheet) == pytest.approx(24 * width, rel=0.3)


@given(st.floats(2, 15), st.floats(-0.5, 0.5))
def test_a_dot_has_the_ink_of_its_radius_and_lies_where_it_was_put(radius: float, shift: float) -> None:
    sheet = paper()
    sheet.dot(30 + shift, 20, radius, fill="#000000")
    assert ink(sheet) == pytest.approx(math.pi * radius**2, rel=0.12)
    dark = 255 - np.asarray(sheet.image.convert("L"), float)
    rows, columns = np.mgrid[: dark.shape[0], : dark.shape[1]]
    assert (dark * columns).sum() / dark.sum() / 2 + 0.25 == pytest.approx(30 + shift, abs=0.15)
    assert (dark * rows).sum() / dark.sum() / 2 + 0.25 == pytest.approx(20, abs=0.15)


def test_a_ring_is_empty_inside_and_as_wide_as_told() -> None:
    sheet = paper()
    sheet.dot(30, 20, 10, outline="#000000", width=2)
    assert ink(sheet) == pytest.approx(math.pi * (10**2 - 8**2), rel=0.1)
    assert sheet.image.getpixel((60, 40)) == (255, 255, 255)


def test_a_box_is_sharp_and_its_outline_lies_inside() -> None:
    sheet = paper()
    sheet.box(10, 5, 30, 25, fill="#000000")
    assert ink(sheet) == 400
    assert set(np.unique(np.asarray(sheet.image))) == {0, 255}
    framed = paper()
    framed.box(10, 5, 30, 25, outline="#000000", width=1)
    assert ink(framed) == pytest.approx(400 - 18 * 18, rel=0.02)
    assert np.asarray(framed.image.convert("L"))[:10].min() == 255


def test_shapes_at_and_beyond_the_border_do_no_harm() -> None:
    sheet = paper()
    sheet.line([(-50, -50), (100, 90)], 2)
    sheet.dot(60, 40, 5, fill="#000000")
    sheet.dot(600, 400, 5, fill="#000000")
    sheet.box(55, -5, 100, 5, fill="#000000")
    assert sheet.image.size == (120, 80)
    assert sheet.image.getpixel((119, 0)) == (0, 0, 0)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), min_size=2, max_size=8, unique=True), st.floats(1, 9), st.floats(0.5, 9))
def test_dashes_have_their_length_and_lie_on_the_line(points: list[tuple[float, float]], stroke: float, gap: float) -> None:
    whole = sum(math.dist(a, b) for a, b in pairwise(points))
    strokes = dashes(points, stroke, gap)
    lengths = [sum(math.dist(a, b) for a, b in pairwise(line)) for line in strokes]
    assert all(found == pytest.approx(stroke, abs=1e-6) for found in lengths[:-1])
    full, rest = divmod(whole, stroke + gap)
    assert sum(lengths) == pytest.approx(full * stroke + min(rest, stroke), abs=1e-4 * (1 + whole))


def test_small_pictures_keep_their_pixels_and_proportions() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    sheet = Paper(60, 40, LIGHT, scale=2)
    sheet.picture(0, 0, 60, 40, picture)
    large = np.asarray(sheet.image)
    factor = min(120 // 7, 80 // 5)
    top, left = (80 - 5 * factor) // 2, (120 - 7 * factor) // 2
    assert np.array_equal(large[top : top + 5 * factor, left : left + 7 * factor], picture.repeat(factor, 0).repeat(factor, 1))
    assert (large[:, :left] == np.asarray(Paper(1, 1).image)[0, 0]).all()


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 300), st.integers(1, 300))
def test_pictures_fit_their_room(width: int, height: int, room_width: int, room_height: int) -> None:
    found = fitted((width, height), (room_width, room_height))
    assert 1 <= found[0] <= room_width
    assert 1 <= found[1] <= room_height
    factor = min(room_width / width, room_height / height)
    factor = int(factor) if factor >= 1 and max(width, height) <= 64 else factor
    assert found == pytest.approx((width * factor, height * factor), abs=1)


def test_arrays_of_every_kind_become_pictures() -> None:
    gray = np.array([[0, 128, 255]], np.uint8)
    wanted = gray[:, :, None].repeat(3, 2)
    for given_ in (gray, gray[:, :, None], gray / 255, wanted, wanted / 255, Image.fromarray(gray)):
        assert np.array_equal(np.asarray(as_image(given_)), wanted)
    assert np.asarray(as_image(np.array([[np.nan, -1.0, 2.0]])))[0, :, 0].tolist() == [0, 0, 255]


def test_a_box_without_width_is_a_hair() -> None:
    sheet = paper()
    sheet.box(10, 5, 10, 15, fill="#000000")
    assert 0 < ink(sheet) < 10
    sheet.box(3, 4, 3, 4, outline="#000000")
