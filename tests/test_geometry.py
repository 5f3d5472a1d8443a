from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optogram.geometry import Box

edges = st.integers(-4, 4)
sizes = st.integers(0, 4)
boxes = st.builds(lambda top, left, height, width: Box(top, left, top + height, left + width), edges, edges, sizes, sizes)


def mask(box: Box, height: int, width: int, margin: int = 13) -> np.ndarray:
    """The pixels that the box holds, counted one by one on an image with a margin."""
    return np.array([[box.contains(row, column) for column in range(-margin, width + margin)] for row in range(-margin, height + margin)])


@given(boxes)
def test_size_is_the_number_of_pixels_held(box: Box) -> None:
    assert mask(box, 1, 1).sum() == box.height * box.width


@given(boxes, edges, edges)
def test_shifted_holds_the_pixels_shifted(box: Box, rows: int, columns: int) -> None:
    moved = box.shifted(rows, columns)
    assert (moved.height, moved.width) == (box.height, box.width)
    assert np.array_equal(np.roll(mask(box, 1, 1), (rows, columns), axis=(0, 1)), mask(moved, 1, 1))


@given(boxes, st.integers(1, 4), st.integers(1, 4))
def test_within_holds_what_lies_on_the_image(box: Box, height: int, width: int) -> None:
    image = Box(0, 0, height, width)
    both = mask(box, height, width) & mask(image, height, width)
    assert np.array_equal(mask(box.within(height, width), height, width), both)


def test_clipped_survives() -> None:
    box = Box(-3, -2, 5, 6, clipped=True)
    assert box.within(4, 4) == Box(0, 0, 4, 4, clipped=True)
    assert box.shifted(1, 1).clipped
    assert box.as_tuple() == (-3, -2, 5, 6)


@given(boxes, boxes)
def test_overlapping_boxes_have_a_pixel_in_common(one: Box, other: Box) -> None:
    assert one.overlaps(other) == bool((mask(one, 1, 1) & mask(other, 1, 1)).any())
