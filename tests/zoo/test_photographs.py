"""The photographs are there without a network, and the half that is tested on never shows what was trained on."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from PIL import Image

from optogram.errors import MissingExtraError, SettingError
from optogram.images.folds import fold
from optogram.zoo import _photographs
from optogram.zoo._photographs import CONTRAST, GAP, NAMES, SIDES, Square, crop, draw_crop, draw_crops, draw_square, half, held_out_crops, photograph

pytest.importorskip("skimage", reason="scikit-image carries fifteen of the photographs: pip install 'optogram[demo]'")
pytest.importorskip("sklearn", reason="scikit-learn carries two of the photographs: pip install 'optogram[demo]'")


def test_seventeen_photographs_offline(monkeypatch):
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    photograph.cache_clear()
    assert len(NAMES) == 17
    assert list(NAMES) == sorted(NAMES)
    for name in NAMES:
        picture = photograph(name)
        assert picture.shape[2] == 3
        assert picture.shape[0] >= 160
        assert 300 <= picture.shape[1] <= 768


def test_same_pixels_as_the_packages_own_readers():
    """Another road to the same picture: the packages' loaders."""
    from skimage import data
    from sklearn.datasets import load_sample_image

    np.testing.assert_array_equal(photograph("astronaut"), data.astronaut())
    np.testing.assert_array_equal(photograph("camera")[:, :, 1], data.camera())
    np.testing.assert_array_equal(photograph("china"), load_sample_image("china.jpg"))


def test_halves_are_apart_and_lie_in_their_photograph():
    for name in NAMES:
        whole, left, right = photograph(name), np.asarray(half(name, "train")), np.asarray(half(name, "held_out"))
        np.testing.assert_array_equal(left, whole[:, : left.shape[1]])
        np.testing.assert_array_equal(right, whole[:, -right.shape[1] :])
        assert whole.shape[1] - left.shape[1] - right.shape[1] == GAP
        assert abs(left.shape[1] - right.shape[1]) <= 1


def test_crops_stay_inside(monkeypatch):
    """A half marked by numbers: each crop holds only pixels of the half that it was drawn from."""
    marked = {"train": Image.new("RGB", (200, 170), (10, 10, 10)), "held_out": Image.new("RGB", (200, 170), (200, 200, 200))}
    monkeypatch.setattr(_photographs, "half", lambda name, part: marked[part])
    monkeypatch.setattr(_photographs, "CONTRAST", 0.0)
    random = np.random.default_rng(0)
    for part, value in (("train", 10), ("held_out", 200)):
        assert {int(pixel) for _ in range(50) for pixel in draw_crop("china", part, random).ravel()} == {value}


def test_squares_are_uniform_over_log_size_and_inside():
    random = np.random.default_rng(0)
    squares = [draw_square(300, 400, random) for _ in range(2000)]
    sides = np.array([square.side for square in squares])
    assert SIDES[0] <= sides.min() < 81
    assert 158 < sides.max() <= SIDES[1]
    assert np.isclose(np.log(sides).mean(), np.log(SIDES).mean(), atol=0.02)
    assert all(square.top >= 0 and square.top + square.side <= 300 and square.left + square.side <= 400 for square in squares)
    assert max(draw_square(172, 100, random).side for _ in range(200)) <= 100


def test_crop_is_the_plain_cut_where_nothing_is_resized():
    picture = half("coffee", "train")
    np.testing.assert_array_equal(np.asarray(crop(picture, Square(30.0, 40.0, 64.0))), np.asarray(picture)[30:94, 40:104])


def test_crops_show_something_are_balanced_and_repeat():
    crops, sources = draw_crops("held_out", 51, seed=3)
    again, _ = draw_crops("held_out", 34, seed=3)
    np.testing.assert_array_equal(crops[:34], again)
    assert {sources.count(name) for name in NAMES} == {3}
    assert min(np.asarray(Image.fromarray(cut).convert("L")).std() for cut in crops) >= CONTRAST
    assert not np.array_equal(crops, draw_crops("held_out", 51, seed=4)[0])
    assert not np.array_equal(crops, draw_crops("train", 51, seed=3)[0])


def test_held_out_crops_are_named_and_grouped_by_photograph():
    photos = held_out_crops(40, seed=5)
    crops, sources = draw_crops("held_out", 40, seed=5)
    assert len(photos) == 40
    assert [photos.identity(index) for index in (0, 1, 3)] == ["astronaut#0000", "astronaut#0001", "brick#0000"]
    for index in range(40):
        name, _, number = photos.identity(index).partition("#")
        assert photos.group(index) == photos.label(index) == name
        place = int(number) * 17 + NAMES.index(name)
        assert sources[place] == name
        np.testing.assert_array_equal(photos.load(index), crops[place])


def test_folds_split_photographs_about_evenly():
    sizes = [sum(fold(name) == part for name in NAMES) for part in (0, 1)]
    assert min(sizes) >= 7


def test_errors_say_what_to_type(monkeypatch):
    with pytest.raises(SettingError, match='got "mona_lisa"'):
        photograph("mona_lisa")
    with pytest.raises(SettingError, match="count is at least 1; got 0"):
        draw_crops("train", 0, 0)
    monkeypatch.setitem(_photographs.FILES, "moon", ("no_such_package", "moon.png"))
    photograph.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'optogram\[demo\]'"):
        photograph("moon")


def test_a_blank_half_is_an_error_not_an_endless_search(monkeypatch):
    monkeypatch.setattr(_photographs, "half", lambda name, part: Image.new("RGB", (200, 170)))
    with pytest.raises(SettingError, match="no crop of moon shows anything"):
        draw_crop("moon", "train", np.random.default_rng(0))
