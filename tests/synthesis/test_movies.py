"""Pictures one after another: between two units, and along the layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from optogram.errors import SettingError
from optogram.synthesis.objectives.caricature import caricature
from optogram.synthesis.objectives.joint import interpolation
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.sheet import CELL, GAP
from optogram.synthesis.synthesize import synthesize
from optogram.synthesis.walk import walk
from optogram.zoo._planted import planted

TRUTH = planted(1)
NET = TRUTH.network
PHOTOGRAPH = (128 + 300 * scipy.ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(32, 32)), 2)).clip(0, 255).astype(np.uint8)


def shown(path: Path) -> list[np.ndarray]:
    """The picture in each frame, without its words."""
    with Image.open(path) as film:
        frames = []
        for number in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(number)
            frames.append(np.asarray(film.convert("L"))[GAP : GAP + CELL, GAP : GAP + CELL] / 255)
    return frames


def test_an_interpolation_of_linear_units_goes_from_one_template_to_the_other(tmp_path: Path) -> None:
    """The optimum of (1 - s) <a, x> + s <b, x> on pixels of one norm is along (1 - s) a + s b."""
    one, two = NET.unit(TRUTH.addresses["oblique"] + "@0,0"), NET.unit(TRUTH.addresses["spot"] + "@0,0")
    made = synthesize(NET, interpolation(neuron(one), neuron(two), 5), canvas="pixel", size=12, transforms=(), steps=40, progress=False)
    for index, share in enumerate(np.linspace(0, 1, 5)):
        wanted = (1 - share) * TRUTH.truth["oblique"] + share * TRUTH.truth["spot"]
        assert np.corrcoef(made.image(index).ravel(), wanted.ravel())[0, 1] > 0.99
    frames = shown(made.tour(tmp_path / "between.webp"))
    assert len(frames) == 5
    for index, frame in enumerate(frames):
        assert np.corrcoef(frame[6::12, 6::12].ravel(), made.image(index)[0].ravel())[0, 1] > 0.99


def test_frames_are_shown_as_long_as_was_asked(tmp_path: Path) -> None:
    made = synthesize(NET, ["templates:0", "templates:5"], canvas="pixel", steps=4, transforms=(), frames=2, progress=False)
    for path, count, each in ((made.movie(tmp_path / "climb.webp", rate=5), 3, 200), (made.tour(tmp_path / "row.webp", rate=2), 2, 500)):
        shown_for = []
        with Image.open(path) as film:
            for number in range(film.n_frames):  # type: ignore[attr-defined]
                film.seek(number)
                film.load()
                shown_for.append(film.info["duration"])
            assert film.info.get("loop", 0) == 0  # again and again
        assert shown_for == [each] * (count - 1) + [1000]


def test_a_walk_goes_along_the_layers_in_order_from_one_start() -> None:
    goals = walk(NET)
    addresses = [goal.sites[0].address for goal in goals]
    assert addresses == [site.address for site in NET.sites() if site.layout != "vector"]
    assert [goal.sites[0].order for goal in goals] == sorted(goal.sites[0].order for goal in goals)
    assert {goal.start for goal in goals} == {"walk"}
    chosen = walk(NET, sites=["energy", "templates"])
    assert [goal.sites[0].address for goal in chosen] == ["templates", "energy"]
    drawn = walk(NET, PHOTOGRAPH, ["templates"], caricature)
    assert "caricature" in drawn[0].name


def test_what_layers_keep_of_a_photograph_becomes_less_along_a_walk(tmp_path: Path) -> None:
    """Ten templates at every place nearly determine the picture; the energy of one pair does not."""
    made = synthesize(NET, walk(NET, PHOTOGRAPH, ["templates", "energy"]), steps=100, transforms=(), progress=False)
    inner = PHOTOGRAPH[8:24, 8:24] / 255
    alike = [float(np.corrcoef(made.image(index)[0, 8:24, 8:24].ravel(), inner.ravel())[0, 1]) for index in range(2)]
    assert alike[0] > 0.7
    assert alike[1] < alike[0] - 0.2
    assert len(shown(made.tour(tmp_path / "walk.gif", rate=2))) == 2
    with pytest.raises(SettingError, match="ends in .webp or .gif"):
        made.tour(tmp_path / "walk.mp4")
