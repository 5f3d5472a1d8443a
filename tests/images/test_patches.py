from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from optogram.errors import SettingError
from optogram.geometry import Box
from optogram.images.patches import HATCH, cut, cut_photo, place_probes
from optogram.images.preprocess import Preprocess

PHOTO = np.random.default_rng(0).integers(0, 190, (20, 30, 3), dtype=np.uint8)  # darker than the hatch, so that the two cannot be mistaken

edges = st.integers(-40, 60)


@given(edges, edges, st.integers(1, 40), st.integers(1, 40), st.sampled_from(["hatch", 0, 128, 255]))
def test_a_patch_is_the_photograph_where_there_is_one_and_the_fill_elsewhere(top: int, left: int, height: int, width: int, fill: str | int) -> None:
    patch = cut(PHOTO, Box(top, left, top + height, left + width), fill)  # type: ignore[arg-type]
    assert patch.shape == (height, width, 3)
    for row, column in [(0, 0), (height - 1, width - 1), (height // 2, width // 2), (0, width - 1)]:
        there = 0 <= top + row < 20 and 0 <= left + column < 30
        if there:
            assert patch[row, column].tolist() == PHOTO[top + row, left + column].tolist()
        else:
            assert set(patch[row, column]) <= (set(HATCH) if fill == "hatch" else {fill})


def test_the_hatch_has_both_grays_and_no_direction_wins() -> None:
    outside = cut(PHOTO, Box(-64, -64, 0, 0))[:, :, 0]
    assert Counter(outside.ravel().tolist()) == {HATCH[0]: 2048, HATCH[1]: 2048}
    assert (outside == outside.T).all()


def test_cutting_gives_a_copy() -> None:
    patch = cut(PHOTO, Box(0, 0, 5, 5))
    patch[:] = 255
    assert PHOTO.max() < 190


def test_an_empty_box_is_no_patch() -> None:
    with pytest.raises(SettingError, match="at least one pixel"):
        cut(PHOTO, Box(5, 5, 5, 9))


@pytest.mark.parametrize(
    "preprocess", [Preprocess(size=32, crop=24), Preprocess(size=(40, 24)), Preprocess(), Preprocess(size=64, interpolation="bicubic")]
)
def test_the_photo_frame_patch_holds_every_pixel_that_the_input_box_is_made_of(preprocess: Preprocess) -> None:
    """Pixels of the photograph outside the photo box never move an input pixel inside the input box."""
    rng = np.random.default_rng(1)
    height, width = 50, 70
    photo = rng.integers(0, 256, (height, width, 1), dtype=np.uint8)
    box = Box(5, 9, 14, 17)
    photo_box = preprocess.to_photo(box, height, width)
    changed = rng.integers(0, 256, photo.shape, dtype=np.uint8)
    inside = photo_box.within(height, width)
    changed[inside.top : inside.bottom, inside.left : inside.right] = photo[inside.top : inside.bottom, inside.left : inside.right]
    before, after = preprocess.apply_array(photo), preprocess.apply_array(changed)
    assert (before[box.top : box.bottom, box.left : box.right] == after[box.top : box.bottom, box.left : box.right]).all()
    assert (before != after).any()
    tensors = [preprocess.apply(torch.from_numpy(frame).permute(2, 0, 1)[None] / 255) for frame in (photo, changed)]
    assert torch.equal(*(tensor[..., box.top : box.bottom, box.left : box.right] for tensor in tensors))
    patch = cut_photo(photo, box, preprocess)
    assert patch.shape == (photo_box.height, photo_box.width, 1)
    assert (cut(photo, photo_box) == patch).all()


GRIDS = [(), (1,), (3,), (7, 7), (2, 2), (197,), (112, 112), (1, 9)]


@pytest.mark.parametrize("grid", GRIDS)
def test_probes_are_distinct_places_of_the_grid_and_repeat(grid: tuple[int, ...]) -> None:
    places = place_probes("china.jpg", grid)
    assert len(places) == len(set(places)) == min(4, math.prod(grid))
    assert all(0 <= place < math.prod(grid) for place in places)
    assert places == place_probes("china.jpg", grid)
    assert place_probes("china.jpg", grid, count=2) == places[:2]


def test_probes_differ_by_photograph_grid_and_seed() -> None:
    found = {place_probes(name, grid, seed=seed) for name in ("a", "b") for grid in ((30, 30), (900,)) for seed in (0, 1)}
    assert len(found) == 8
    assert place_probes("china.jpg", (7, 7)) == (36, 4, 5, 7)  # for ever: a change would break every atlas


def test_every_place_is_as_likely_and_so_is_every_pair() -> None:
    counts, pairs = np.zeros(12), np.zeros((12, 12))
    for number in range(6000):
        places = list(place_probes(f"{number}.jpg", (3, 4)))
        counts[places] += 1
        pairs[places[0], places[1]] += 1
    assert chisquare(counts).pvalue > 1e-4
    assert chisquare(pairs[~np.eye(12, dtype=bool)]).pvalue > 1e-4
    assert pairs.trace() == 0


def test_probes_need_a_count() -> None:
    with pytest.raises(SettingError, match="at least one place"):
        place_probes("x", (3,), count=0)
