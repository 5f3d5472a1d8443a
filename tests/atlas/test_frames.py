"""What a plate shows of a field, and the store of decoded photographs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import optogram as og
from optogram.atlas.frames import Frames, shown
from optogram.geometry import Box


@st.composite
def boxes(draw: st.DrawFn) -> tuple[Box, int, int]:
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    top, left = draw(st.integers(-60, 60)), draw(st.integers(-60, 60))
    return Box(top, left, top + draw(st.integers(1, 90)), left + draw(st.integers(1, 90)), draw(st.booleans())), height, width


@given(boxes())
def test_what_is_shown_lies_in_the_field_and_holds_what_is_visible(drawn: tuple[Box, int, int]) -> None:
    box, height, width = drawn
    found = shown(box, height, width)
    assert box.top <= found.top < found.bottom <= box.bottom
    assert box.left <= found.left < found.right <= box.right
    assert found.clipped == box.clipped
    for row in range(max(0, box.top), min(height, box.bottom)):
        for column in (max(0, box.left), min(width, box.right) - 1):
            assert not box.contains(row, column) or not 0 <= column < width or found.contains(row, column)


@given(boxes())
def test_no_more_margin_than_makes_it_square(drawn: tuple[Box, int, int]) -> None:
    box, height, width = drawn
    inside = box.within(height, width)
    found = shown(box, height, width)
    if (inside.height, inside.width) == (box.height, box.width):
        assert found == box
    else:
        side = max(inside.height, inside.width, 1)
        assert (found.height, found.width) == (min(side, box.height), min(side, box.width))


def test_a_field_greater_than_the_photograph_shows_the_photograph() -> None:
    assert shown(Box(-105, -105, 330, 330, True), 224, 224) == Box(0, 0, 224, 224, True)
    assert shown(Box(-8, 4, 8, 20), 32, 32) == Box(-8, 4, 8, 20)  # sixteen columns are visible, so the square is the field
    assert shown(Box(-100, -100, 101, 101), 20, 10) == Box(0, -5, 20, 15)


def frames(most_bytes: int) -> tuple[Frames, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    network = og.Network(nn.Conv2d(3, 2, 3), og.Preprocess(size=8), name="one")
    return Frames(network, og.open_images(pixels), most_bytes), pixels


def test_frames_are_the_photographs_whatever_is_held() -> None:
    for most in (0, 8 * 8 * 3 * 2, 10**6):
        held, pixels = frames(most)
        for index in (0, 1, 2, 0, 4, 3, 4, 0):
            assert np.array_equal(held[str(index)], pixels[index])
            assert held.size(str(index)) == (8, 8)


def test_the_least_recently_used_leaves_first() -> None:
    held, _ = frames(8 * 8 * 3 * 2)
    first, second = held["0"], held["1"]
    assert held["0"] is first
    held["2"]  # 1 leaves
    assert held["0"] is first
    assert held["1"] is not second


def test_fields_that_differ_in_their_margins_alone_share_a_cell() -> None:
    held, _ = frames(10**6)
    at_once = held.cells([("0", Box(-20, -20, 30, 30)), ("0", Box(-40, -40, 50, 50)), ("0", Box(0, 0, 4, 4))], 16)
    (later,) = held.cells([("0", Box(-30, -30, 40, 40))], 16)
    (other,) = held.cells([("1", Box(-20, -20, 30, 30))], 16)
    assert at_once[0] is at_once[1]
    assert at_once[0] is later
    assert at_once[2] is not later
    assert other is not later


def test_cells_made_together_are_as_made_one_by_one() -> None:
    held, _ = frames(10**6)
    boxes = [Box(0, 0, 4, 4), Box(-3, 1, 5, 5), Box(2, 2, 6, 6), Box(-20, -20, 30, 30), Box(0, 0, 8, 8), Box(4, 6, 9, 11), Box(0, 0, 1, 1)]
    wanted = [(str(number % 3), box) for number, box in enumerate(boxes)]
    alone, _ = frames(10**6)
    for cell, one in zip(held.cells(wanted, 6), wanted, strict=True):
        assert np.array_equal(cell, alone.cells([one], 6)[0])
