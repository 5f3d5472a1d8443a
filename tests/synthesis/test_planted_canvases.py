"""Every canvas on every planted unit: as good as the best that the canvas can draw at all, which is found without it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pytest
from tests.synthesis.planted import (
    ANY_OF,
    LINEAR,
    TRUTH,
    best_of,
    canvas_of,
    clipped_energy,
    either,
    given,
    in_plane,
    likeness,
    origin,
    striped,
)

from optogram.network.site import Unit
from optogram.synthesis.facets import facets
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives.intermediate import intermediate
from optogram.synthesis.objectives.negative import negative
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.optimisers import Adam, Optimiser
from optogram.synthesis.recipe import CANVASES
from optogram.synthesis.regularisers._regulariser import Regulariser
from optogram.synthesis.regularisers.l2 import l2
from optogram.synthesis.synthesize import synthesize


@dataclass(frozen=True)
class How:
    """`price`: what a picture costs. `apart`: how much it counts that pictures differ."""

    steps: int = 100
    price: tuple[Regulariser, ...] = (l2(1.0),)
    optimiser: Optimiser | None = None
    apart: float = 0.1


HOW = {
    "pixel": How(60),
    "fourier": How(apart=0.05),
    "laplacian": How(),
    "image": How(apart=0.03),
    "cppn": How(150, apart=1.0),
    "cppn_alpha": How(150, optimiser=Adam(0.01, cosine=150), apart=0.3),
    "maco": How(100, (), apart=0.3),
    "patches": How(60, (), apart=1.0),
}
FREE = [name for name in HOW if name not in ("maco", "patches")]
"""Canvases that can draw any picture."""
ASKED: dict[str, tuple[str, partial[Objective]]] = {name: (name, partial(neuron)) for name in (*LINEAR, "energy")}
ASKED |= {"suppressed": ("negative", partial(negative)), "satiated": ("energy", partial(intermediate, value=1.0))}
"""By what is asked: the planted unit, and what is made of it. `satiated`: an energy unit raised to 1, where nothing leaves the range of pixels."""
EACH = pytest.mark.parametrize(("canvas", "channels"), [(name, channels) for name in HOW for channels in (3, 1)])


def test_the_table_has_every_canvas() -> None:
    assert sorted(HOW) == CANVASES.names()


@cache
def gained(canvas: str, channels: int) -> dict[str, np.ndarray]:
    """By what was asked: the finished picture less where it began. All in one batch, which is many times cheaper than one by one."""
    truth, how = TRUTH[channels], HOW[canvas]
    asked = [make(_middle(channels, unit)) for unit, make in ASKED.values()]
    settings = {"size": 12, "transforms": (), "steps": how.steps, "regularisers": how.price, "optimiser": how.optimiser, "seed": 1}
    made = synthesize(truth.network, asked, canvas_of(canvas, channels), **settings, **given(canvas, channels), progress=False)  # type: ignore[arg-type]
    return dict(zip(ASKED, made.images - origin(canvas, channels), strict=True))


def _middle(channels: int, name: str) -> Unit:
    """The one neuron that there is on 12x12 pixels."""
    return TRUTH[channels].network.unit(TRUTH[channels].addresses[name] + "@0,0")


@EACH
def test_a_linear_unit_gives_its_template(canvas: str, channels: int) -> None:
    """max <w, x> - |x - x0|^2 / 2 is reached at x0 + w; without a price along w; under given magnitudes with the phases of w."""
    best = best_of(canvas, canvas_of(canvas, channels), channels)
    for name in LINEAR:
        template = TRUTH[channels].truth[name]
        assert likeness(gained(canvas, channels)[name], template) > 0.99 * likeness(best(template), template), name
        assert canvas not in FREE or likeness(best(template), template) > 0.999


@EACH
def test_the_picture_of_a_suppressed_unit_is_what_suppresses_it(canvas: str, channels: int) -> None:
    template = TRUTH[channels].truth["wave"]  # `negative` is minus it
    best = best_of(canvas, canvas_of(canvas, channels), channels)(template)
    assert likeness(gained(canvas, channels)["suppressed"], template) > 0.99 * likeness(best, template)


@EACH
def test_an_energy_unit_gives_its_stripes_in_any_phase(canvas: str, channels: int) -> None:
    """Raised without end it fills the range of pixels: stripes that are clipped, less alike to the templates, by how much is known."""
    pair, found = TRUTH[channels].truth["energy"], gained(canvas, channels)
    best = best_of(canvas, canvas_of(canvas, channels), channels)
    stripes = {name: _at_its_phase(pair, found[name]) for name in ("energy", "satiated")}
    if canvas in FREE:
        start = origin(canvas, channels)
        clipped = clipped_energy(pair, stripes["energy"], -start, 1 - start)
        limit = 1.0 if canvas == "pixel" else in_plane(clipped, pair)  # whose radius ends the climb before the range of pixels does
        assert in_plane(found["satiated"], pair) > 0.99
        assert canvas == "cppn_alpha" or in_plane(found["energy"], pair) > 0.98 * limit  # gray costs nothing and has no slope: it may stay there
    else:
        assert in_plane(found["energy"], pair) > 0.99 * in_plane(best(stripes["energy"]), pair)


def _at_its_phase(pair: np.ndarray, picture: np.ndarray) -> np.ndarray:
    return np.asarray(sum(likeness(picture, template) * template for template in pair))


@pytest.mark.parametrize(("canvas", "channels"), [(name, channels) for name in HOW if name != "maco" for channels in (3, 1)])
def test_a_band_pass_unit_gives_its_frequency(canvas: str, channels: int) -> None:
    """Of `maco` the magnitudes are given: see `test_planted.py` for photographs that have that frequency."""
    for name in ("wave", "quarter", "satiated", "suppressed") if canvas in FREE else ("wave", "quarter", "energy", "suppressed"):
        assert striped(gained(canvas, channels)[name]), name


@pytest.mark.parametrize("canvas", HOW)
def test_differing_pictures_find_everything_that_drives_a_unit(canvas: str) -> None:
    """Three balanced templates drive it. Pictures under given magnitudes differ in what is left free as well: there may be more than three."""
    how, chosen = HOW[canvas], canvas_of(canvas, 1, ANY_OF)
    net, templates = either(1)
    settings = {"canvas": chosen, "steps": how.steps, "regularisers": how.price, "optimiser": how.optimiser, "transforms": (), "progress": False}
    found = facets(net, "any_of:0@0,0", "templates", most=5, weight=how.apart, **settings, **given(canvas, 1))
    pictures = [found.pictures.image(kind) - origin(canvas, 1) for kind in found.kinds]
    best = best_of(canvas, chosen, 1)
    for template in templates:
        assert max(likeness(picture, template) for picture in pictures) > 0.99 * likeness(best(template), template)
    assert found.count == 3 or canvas == "maco"
