from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from optogram.drawing.plots import _parted, curves, histogram
from optogram.drawing.theme import LIGHT, rgb


def clean(sheet: Image.Image) -> bool:
    frame = np.asarray(sheet).copy()
    frame[24:-24, 24:-24] = rgb(LIGHT.ground)
    return bool((frame == rgb(LIGHT.ground)).all())


def test_bars_are_as_high_as_their_counts() -> None:
    values = np.repeat([0.5, 1.5, 2.5, 3.5], [40, 20, 10, 5]).astype(float)
    sheet = np.asarray(histogram(values, bins=16, height=80, width=400))
    bars = (sheet == rgb(LIGHT.missing)).all(axis=2).sum(axis=0)
    heights = sorted({int(height) for height in bars if height > 2}, reverse=True)
    assert heights[0] == pytest.approx(159, abs=2)
    tall = [max(bars[int(32 + 800 * share) - 40 : int(32 + 800 * share) + 40]) for share in (0.01, 0.336, 0.664, 0.99)]
    assert np.array(tall) / tall[0] == pytest.approx([1, 0.5, 0.25, 0.125], abs=0.03)


def test_a_bent_axis_spreads_a_long_tail() -> None:
    values = np.random.default_rng(0).lognormal(0, 3, 20000)
    filled = [int((np.asarray(histogram(values, kind=kind)) == rgb(LIGHT.missing)).all(axis=2).any(axis=0).sum()) for kind in ("linear", "asinh")]
    assert filled[1] > 2 * filled[0]


def test_what_is_not_finite_is_told_and_marks_stand_at_their_place() -> None:
    values = np.r_[np.linspace(0, 1, 100), np.nan, np.inf]
    told, plain = histogram(values), histogram(values[:100])
    assert told.height > plain.height  # a line of text more: (2 not finite)
    marked = np.asarray(histogram(values[:100], marks={"q95": 0.95}, width=400))
    columns = np.flatnonzero((marked == rgb(LIGHT.low)).all(axis=2).sum(axis=0) > 60)
    assert columns.mean() == pytest.approx(32 + (0.95 + 0.01) / 1.02 * 800, abs=2)
    assert clean(told)


@pytest.mark.parametrize("values", [[], [np.nan], [0.0, 0.0], [3.0]])
def test_nearly_nothing_can_be_drawn(values: list[float]) -> None:
    assert clean(histogram(np.array(values), title="nothing"))


def test_curves_pass_through_their_points() -> None:
    sheet = np.asarray(curves({"gradient": ([0, 1], [0, 1]), "random": ([0, 1], [1, 0])}, include=(0.0, 1.0), width=200, height=100))
    blue, black = ((np.abs(sheet.astype(int) - rgb(colour)).sum(axis=2) < 40) for colour in (LIGHT.low, LIGHT.ink))
    for share in (0.2, 0.8):
        column = 2 * (16 + 40) + int(share * 400)
        room = [32 + 200 * (1 - (height + 0.04) / 1.08) for height in (share, 1 - share)]
        assert np.flatnonzero(black[:, column]).mean() == pytest.approx(room[0], abs=2)
        assert np.flatnonzero(blue[:, column]).mean() == pytest.approx(room[1], abs=2)


def test_places_may_have_names_instead_of_numbers() -> None:
    from optogram.drawing.svg import document

    told = document(curves({"one": ([0, 1, 2], [0, 1, 4])}, places={0.0: "stem", 1.0: "body", 2.0: "head"}))
    assert all(f">{name}<" in told for name in ("stem", "body", "head"))
    assert ">.5<" not in told
    assert ">.5<" in document(curves({"one": ([0, 1, 2], [0, 3, 4])}))


def test_names_of_curves_that_end_together_are_parted_and_stay_inside() -> None:
    placed = _parted([(50.0, name, "#000000") for name in "abcd"], 14, 60)
    heights = [y for y, *_ in placed]
    assert (np.diff(heights) >= 14 - 1e-9).all()
    assert max(heights) <= 60
    many = {f"method number {number}": ([0, 1, 2], [number * 1e-3, 1, 0.5]) for number in range(6)}
    assert clean(curves(many, across="share of pixels deleted", up="softmax", title="Deletion " * 20))


def test_gaps_in_a_curve_are_passed_over() -> None:
    assert clean(curves({"a": ([0, 1, 2], [0, np.nan, 1]), "b": ([0, 1], [np.nan, np.nan])}))
