from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from optogram.drawing.null_strip import null_strip, quantile_dots, stacked
from optogram.drawing.theme import LIGHT, rgb


@given(st.lists(st.floats(0, 100), max_size=40).map(sorted), st.floats(1, 9))
def test_no_two_dots_overlap_and_each_lies_as_low_as_it_can(places: list[float], diameter: float) -> None:
    levels = stacked(places, diameter)
    for index, (place, level) in enumerate(zip(places, levels, strict=True)):
        below = [other for other, height in zip(places[:index], levels[:index], strict=True) if height == level]
        assert all(place - other >= diameter * 0.998 for other in below)
        for lower in range(level):
            assert any(height == lower and place - other < diameter for other, height in zip(places[:index], levels[:index], strict=True))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=300), st.floats(-5, 5))
def test_dots_at_or_above_a_value_are_its_share_of_the_null(null: list[float], observed: float) -> None:
    share = np.mean(np.array(null) >= observed)
    assert abs((quantile_dots(np.array(null)) >= observed).mean() - share) <= 0.5 / 50 + 1e-9


def rings(sheet: Image.Image) -> list[float]:
    """The places (pixels from the left) of what lies free above the axis and is as wide as a dot."""
    pixels = np.abs(np.asarray(sheet).astype(int) - rgb(LIGHT.ground)).sum(axis=2) > 90
    labels, _ = ndimage.label(pixels, np.ones((3, 3)))
    found = [
        place for place in ndimage.find_objects(labels) if 6 <= place[1].stop - place[1].start <= 11 and 6 <= place[0].stop - place[0].start <= 11
    ]
    return [(place[1].start + place[1].stop) / 2 for place in found]


def test_the_drawn_dots_can_be_counted_and_agree_with_the_value() -> None:
    null = np.linspace(0, 1, 1000)
    places = rings(null_strip(null, 1.5, domain=(0.0, 2.0)))
    assert len(places) == 50
    axis = {value: 32 + 8 + value / 2 * (376 - 8) * 2 for value in (0.0, 0.6, 1.0)}
    assert sum(place >= axis[0.6] for place in places) == 20
    assert min(places) == pytest.approx(axis[0.0] + 0.01 / 2 * 736, abs=1.5)
    assert max(places) == pytest.approx(axis[1.0] - 0.01 / 2 * 736, abs=1.5)


def dark_columns(sheet: Image.Image, rows: slice) -> np.ndarray:
    dark = (np.asarray(sheet.convert("L"))[rows] < 60).all(axis=0)
    return np.flatnonzero(dark)


def test_the_value_stands_at_its_place_and_its_interval_on_the_axis() -> None:
    sheet = null_strip(np.linspace(0, 0.2, 500), 0.75, interval=(0.5, 1.0), domain=(0.0, 1.0))
    base = 32 + 88  # 16 units of margin, 44 of height, two pixels each
    line = dark_columns(sheet, slice(base - 50, base - 10))
    assert line.mean() == pytest.approx(40 + 0.75 * 736, abs=1)
    bar = dark_columns(sheet, slice(base - 1, base + 1))
    assert (bar.min(), bar.max()) == pytest.approx((40 + 0.5 * 736, 40 + 736), abs=3)


def test_ties_and_extremes_still_fit_the_paper() -> None:
    for null, observed in ((np.zeros(100), 0.0), (np.r_[np.zeros(99), 1e9], 3.0), (np.array([0.5]), -4.0)):
        pixels = np.asarray(null_strip(null, observed, title="ties " * 40, twins=[0.0] * 39))
        frame = pixels.copy()
        frame[24:-24, 24:-24] = rgb(LIGHT.ground)
        assert (frame == rgb(LIGHT.ground)).all()


def test_strips_of_one_domain_share_their_axis() -> None:
    first, second = (null_strip(np.linspace(0, 1, 99), value, domain=(-1.0, 3.0)) for value in (1.5, 2.5))
    assert np.array_equal(np.asarray(first)[-60:], np.asarray(second)[-60:])  # ticks and their labels
