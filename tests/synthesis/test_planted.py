"""Every canvas and every preset on units whose optimum is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage
import torch

import optogram as og
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.synthesis.canvases._colour import GRAY
from optogram.synthesis.canvases._given import input_picture
from optogram.synthesis.canvases.maco import maco
from optogram.synthesis.canvases.patches import patches
from optogram.synthesis.facets import facets
from optogram.synthesis.party import Party
from optogram.synthesis.preset import Preset
from optogram.synthesis.recipe import CANVASES, PRESETS
from optogram.synthesis.regularisers._regulariser import Operator
from optogram.synthesis.regularisers.l2 import l2
from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import Planted, box_optimum, planted
from optogram.zoo._templates_module import TemplatesModule

LINEAR = ("wave", "quarter", "oblique", "spot", "checker", "opponent")
TRUTH = {channels: planted(channels) for channels in (3, 1)}  # type: ignore[arg-type]
PHOTOGRAPHS = np.random.default_rng(0).integers(64, 192, (8, 32, 32, 3), dtype=np.uint8)
FROM_PHOTOGRAPHS = [name for name in PRESETS.names() if getattr(PRESETS.get(name).canvas, "from_photograph", False)]


def made(truth: Planted, names: tuple[str, ...], canvas: str | None = None, **settings: object) -> Synthesis:
    """Pictures of the size of the templates."""
    usual = {"objective": "neuron", "size": 12, "progress": False, "seed": 0}
    if canvas == "image" or settings.get("preset") in FROM_PHOTOGRAPHS:
        usual["image"] = PHOTOGRAPHS[0]
    return synthesize(truth.network, [truth.addresses[name] for name in names], canvas, **{**usual, **settings})  # type: ignore[arg-type]


def likeness(picture: np.ndarray, template: np.ndarray) -> float:
    return float(np.corrcoef(picture.ravel(), template.ravel())[0, 1])


def began(truth: Planted) -> np.ndarray:
    """Where the image canvas begins."""
    return np.asarray(input_picture(truth.network, PHOTOGRAPHS[0], (12, 12))[0].clamp(0.01, 0.99))


STEPS = {"cppn": 150}
WRITTEN = [name for name in CANVASES.names() if name not in ("maco", "patches", "cppn_alpha")]
"""Those that can draw any picture; the others have tests of their own below."""


@pytest.mark.parametrize(("canvas", "channels"), [*((name, 3) for name in WRITTEN), *((name, 1) for name in WRITTEN if name != "pixel")])
def test_a_template_at_its_price_is_the_template(canvas: str, channels: int) -> None:
    """max <w, x> - |x - x0|^2 / 2 is reached at x0 + w, on every canvas that can draw it."""
    truth = TRUTH[channels]
    found = made(truth, LINEAR, canvas, transforms=(), regularisers=[l2(1.0)], steps=STEPS.get(canvas, 100))
    for index, name in enumerate(LINEAR):
        gained = found.image(index) - (began(truth) if canvas == "image" else 0)
        assert likeness(gained, truth.truth[name]) > 0.99, name


@pytest.mark.parametrize("canvas", WRITTEN)
def test_an_energy_unit_gives_its_stripes_in_any_phase_and_a_band_pass_unit_its_frequency(canvas: str) -> None:
    truth = TRUTH[3]
    found = made(truth, ("energy", "wave"), canvas, transforms=(), regularisers=[l2(1.0)], steps=STEPS.get(canvas, 100), seed=1)
    gained = found.images - (began(truth)[None] if canvas == "image" else 0.5)
    assert np.hypot(*[likeness(gained[0], template) for template in truth.truth["energy"]]) > 0.9
    assert all(striped(picture) for picture in gained)


@pytest.mark.parametrize("canvas", WRITTEN)
def test_the_picture_of_a_suppressed_unit_is_what_suppresses_it(canvas: str) -> None:
    truth = TRUTH[3]
    found = made(truth, ("negative",), canvas, transforms=(), regularisers=[l2(1.0)], steps=STEPS.get(canvas, 100), objective="negative")
    gained = found.image(0) - (began(truth) if canvas == "image" else 0)
    assert likeness(gained, truth.truth["wave"]) > 0.99


@pytest.mark.parametrize("channels", [3, 1])
def test_maco_under_a_templates_own_magnitude_gives_the_template(channels: int) -> None:
    """The sample is the template turned and shifted: same magnitudes, other phases."""
    truth = TRUTH[channels]
    for name in ("wave", "oblique", "spot"):
        template = truth.truth[name]
        pattern = np.roll(template[:, ::-1, ::-1], (3, 5), (1, 2))
        grays = np.clip(127.5 + 60 * (pattern - pattern.mean()) / np.abs(template).max(), 0, 255).round().astype(np.uint8)
        canvas = maco(photographs=1, sample=(torch.from_numpy(grays)[None],))
        found = synthesize(truth.network, truth.addresses[name], canvas, objective="neuron", size=12, transforms=(), steps=100, progress=False)
        assert likeness(found.image(0), template) > 0.99, name


def test_maco_finds_the_templates_phases_under_any_magnitude() -> None:
    """Near gray the sigmoid is straight, so the most that phases can give is the sum of |template| |magnitude| over frequencies."""
    truth = TRUTH[1]
    faint = np.clip(127.5 + np.random.default_rng(0).normal(0, 6, (6, 1, 12, 12)), 0, 255).astype(np.uint8)
    canvas = maco(photographs=6, sample=(torch.from_numpy(faint),))
    names = ("spot", "wave")
    found = synthesize(
        truth.network, [truth.addresses[name] for name in names], canvas, objective="neuron", size=12, transforms=(), steps=64, progress=False
    )
    twice = np.full(7, 2.0)
    twice[[0, -1]] = 1  # columns that are their own mirror
    for index, name in enumerate(names):
        template = np.abs(np.fft.rfft2(truth.truth[name][0], norm="ortho"))
        gain = (template * canvas.magnitude(1, 12, 12)[0].numpy() * twice).sum() * GRAY / 4  # the sigmoid's slope at gray
        assert found.activations[index] - 0.5 * truth.truth[name].sum() == pytest.approx(gain, rel=0.03), name


def striped(gained: np.ndarray) -> bool:
    """Whether a picture's strongest frequency is that of `wave`: three cycles across, none down."""
    power = np.abs(np.fft.fft2(gained.mean(0)))
    power[0, 0] = 0
    row, column = np.unravel_index(power.argmax(), power.shape)
    return (int(row), int(min(column, 12 - column))) == (0, 3)


def photographed(pattern: np.ndarray) -> np.ndarray:
    """A pattern as 8-bit pixels about gray; the same contrast for all patterns of length 1."""
    return np.asarray(np.clip(127.5 + 300 * pattern, 0, 255).round().astype(np.uint8))


def test_maco_under_the_stripes_magnitude_gives_an_energy_unit_stripes_and_a_suppressed_unit_what_suppresses_it() -> None:
    truth = TRUTH[3]
    canvas = maco(photographs=1, sample=(torch.from_numpy(photographed(np.roll(truth.truth["wave"], 5, 2)))[None],))
    asked = {"objective": "neuron", "size": 12, "transforms": (), "steps": 100, "progress": False}
    energy = synthesize(truth.network, truth.addresses["energy"], canvas, **asked).image(0)  # type: ignore[arg-type]
    assert np.hypot(*[likeness(energy, template) for template in truth.truth["energy"]]) > 0.98
    assert striped(energy - 0.5)
    lowered = synthesize(truth.network, truth.addresses["negative"] + "@0,0", canvas, **{**asked, "objective": "negative"}).image(0)  # type: ignore[arg-type]
    assert likeness(lowered, truth.truth["wave"]) > 0.99


@pytest.mark.parametrize("channels", [3, 1])
def test_the_patch_that_holds_the_template_is_chosen_on_every_planted_unit(channels: int) -> None:
    """Photographs of the templates, of the stripes in four phases, and of noise; one tile as large as they are."""
    truth = TRUTH[channels]
    noise = np.random.default_rng(0).normal(0, 0.05, (24, channels, 12, 12))
    stripes = [0.9 * (np.cos(turn) * truth.truth["wave"] + np.sin(turn) * truth.truth["quarter"]) for turn in (0.4, 2.0, 3.5, 5.1)]
    shown = [photographed(pattern) for pattern in (*(truth.truth[name] for name in LINEAR), *stripes, *noise)]
    canvas = patches(count=len(shown), side=12, overlap=0.0, photographs=len(shown), sample=(torch.from_numpy(np.stack(shown)),))
    asked = {"size": 12, "transforms": (), "steps": 64, "progress": False}
    names = (*LINEAR, "energy", "any_of")
    found = synthesize(truth.network, [truth.addresses[name] for name in names], canvas, objective="neuron", **asked)  # type: ignore[arg-type]
    for index, name in enumerate(LINEAR):
        assert likeness(found.image(index), truth.truth[name]) > 0.99, name
    energy, either = found.image(len(LINEAR)), found.image(len(LINEAR) + 1)
    assert np.hypot(*[likeness(energy, template) for template in truth.truth["energy"]]) > 0.99
    assert striped(energy - 0.5)
    assert max(likeness(either, template) for template in truth.truth["any_of"]) > 0.99
    lowered = synthesize(truth.network, truth.addresses["negative"] + "@0,0", canvas, objective="negative", **asked)  # type: ignore[arg-type]
    assert likeness(lowered.image(0), truth.truth["wave"]) > 0.98  # `wave`, or stripes of nearly its phase


def test_overlapping_patches_reach_the_greatest_response_that_any_choice_can_give() -> None:
    """A linear response is a sum over tiles, so that the best choice is the best patch of each tile by itself."""
    truth, photographs = TRUTH[3], og.open_images(PHOTOGRAPHS)
    canvas = patches(count=64, side=5).given(truth.network, photographs, None, None)
    names = ("oblique", "checker")
    found = synthesize(
        truth.network, [truth.addresses[name] for name in names], canvas, objective="neuron", size=12, transforms=(), steps=128, progress=False
    )
    tiles = canvas.start([torch.Generator()], 3, 12, 12)[0].shape[1]
    for index, name in enumerate(names):
        worth = np.zeros((tiles, 64))
        for tile, patch in np.ndindex(tiles, 64):
            (top, left), window = np.array(divmod(tile, round(tiles**0.5))) * 4 - 1, np.outer([0.5, 1, 1, 1, 0.5], [0.5, 1, 1, 1, 0.5])
            piece = np.zeros((3, 24, 24))
            piece[:, top + 6 : top + 11, left + 6 : left + 11] = canvas.patches()[patch].numpy() * window
            worth[tile, patch] = (piece[:, 6:18, 6:18] * truth.truth[name]).sum()
        assert found.activations[index] == pytest.approx(worth.max(1).sum(), rel=1e-4), name
        assert worth.max(1).sum() > worth.mean(1).sum() + 3 * worth.std(1).sum() / tiles**0.5, name


def test_an_opaque_canvas_draws_what_counts_and_leaves_out_what_does_not() -> None:
    """A pixel's worth to a linear unit is |w| summed over channels; above the mean it is to be opaque, below it to be clear."""
    truth = TRUTH[3]
    found = made(truth, LINEAR, "cppn_alpha", transforms=(), steps=200)
    assert found.alpha is not None
    for index, name in enumerate(LINEAR):
        template, alpha = truth.truth[name], found.alpha[index]
        assert likeness(found.image(index), template) > 0.75, name
        worth = np.abs(template).sum(0)
        if name != "checker":  # whose pixels are all worth the same
            assert alpha[worth < 0.3 * worth.mean()].mean() < 0.1, name
            assert alpha[worth > 1.7 * worth.mean()].mean() > 0.9, name
            assert 0.1 < alpha.mean() < 0.6, name


def shown_on(canvas: str, channels: int) -> dict[str, object]:
    """What a canvas has to be given."""
    shots = PHOTOGRAPHS if channels == 3 else PHOTOGRAPHS[..., :1]
    return {"image": {"image": shots[0]}, "patches": {"photos": og.open_images(shots, channels=channels)}}.get(canvas, {})  # type: ignore[return-value]


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("canvas", CANVASES.names())
def test_every_canvas_has_any_size_and_aspect_in_gray_and_in_colour(canvas: str, channels: int) -> None:
    truth = TRUTH[channels]
    found = synthesize(truth.network, truth.addresses["oblique"], canvas, size=(14, 23), steps=6, progress=False, **shown_on(canvas, channels))  # type: ignore[arg-type]
    assert found.images.shape == (1, channels, 14, 23)
    assert 0 <= found.images.min() <= found.images.max() <= 1
    assert found.trace[0, -1] > found.trace[0, 0]


APART = {"pixel": (60, 1.0, ()), "fourier": (100, 0.1, (l2(1.0),)), "laplacian": (100, 0.1, (l2(1.0),)), "cppn": (150, 1.0, (l2(1.0),))}
APART |= {"patches": (60, 1.0, ())}
"""By canvas: steps, how much it counts that pictures differ, and what a picture costs."""


@pytest.mark.parametrize("canvas", APART)
def test_differing_pictures_find_everything_that_drives_a_unit(canvas: str) -> None:
    """Three balanced templates drive it. A canvas that begins from one photograph begins every picture alike, and cannot make them differ."""
    truth = TRUTH[1]
    templates = np.stack([truth.truth[name] for name in ("wave", "oblique", "checker")])
    net = Network(TemplatesModule(templates, np.zeros(3), pair=(0, 1), any_of=(0, 1, 2), classes=(0, 1, 2)), Preprocess(size=12))
    steps, weight, price = APART[canvas]
    chosen: object = canvas
    if canvas == "patches":
        shots = np.stack([photographed(one) for one in (*templates, *np.random.default_rng(0).normal(0, 0.05, (9, 1, 12, 12)))])
        chosen = patches(count=12, side=12, overlap=0.0, photographs=12, sample=(torch.from_numpy(shots),))
    found = facets(
        net, "any_of:0@0,0", "templates", most=5, weight=weight, canvas=chosen, steps=steps, regularisers=price, transforms=(), progress=False
    )
    alike = np.array([[likeness(found.pictures.image(kind), one) for one in templates] for kind in found.kinds])
    assert found.count == 3
    assert {int(row.argmax()) for row in alike} == {0, 1, 2}
    assert (alike.max(1) > 0.97).all()


def simulated(recipe: Preset, template: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """The published loop on <w, x>, pixel by pixel in NumPy and SciPy: step, decay, blur, clip, back into range."""
    x, w = start.astype(np.float64), template.astype(np.float64)
    rate = getattr(recipe.optimiser, "rate", None) or recipe.optimiser.desired / (w**2).sum()  # type: ignore[union-attr]
    for step in range(steps):
        x = x + rate * w
        for regulariser in recipe.regularisers:
            kind = type(regulariser).__name__
            if kind == "decay":
                x = x * (1 - regulariser.share)  # type: ignore[union-attr]
            elif kind == "blur" and step % regulariser.every == 0:  # type: ignore[union-attr]
                x = np.stack([scipy.ndimage.gaussian_filter(plane, regulariser.sigma) for plane in x])  # type: ignore[union-attr]
            elif kind == "small_norm":
                norm = np.sqrt((x**2).sum(0))
                x = x * (norm >= np.percentile(norm, regulariser.percentile))  # type: ignore[union-attr]
            elif kind == "small_contribution":
                amount = np.abs((x * w).sum(0))
                x = x * (amount >= np.percentile(amount, regulariser.percentile))  # type: ignore[union-attr]
        x = np.clip(x, -0.5, 0.5)
    return x + 0.5


@pytest.mark.parametrize("name", ["yosinski_1", "yosinski_2", "yosinski_3", "yosinski_4"])
def test_yosinskis_recipes_are_the_published_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, recipe = TRUTH[3], PRESETS.get(name)
    start = torch.randn(1, 3, 12, 12) * (10 / 255)
    monkeypatch.setattr(Party, "_starts", lambda self, fresh: [start.repeat(len(fresh), 1, 1, 1)])
    steps = 40
    found = made(truth, ("oblique", "opponent"), preset=name, steps=steps)
    for index, unit in enumerate(("oblique", "opponent")):
        expected = simulated(recipe, truth.truth[unit], start[0].numpy(), steps)
        near = np.abs(found.image(index) - expected) < 1e-3
        assert near.mean() > 0.98, unit  # a pixel at a percentile's edge may fall on either side


def test_decay_alone_gives_the_template_at_its_equilibrium() -> None:
    """z = (1 - d) (z + r w) ends at r (1 - d) / d w."""
    truth, recipe = TRUTH[3], PRESETS.get("yosinski_2")
    found = made(truth, ("wave", "spot"), preset=replace(recipe, regularisers=recipe.regularisers[:1]), steps=60)
    for index, name in enumerate(("wave", "spot")):
        expected = 100 / 255**2 * 0.7 / 0.3 * truth.truth[name]
        assert np.abs(found.image(index) - 0.5 - expected).max() < 1e-5


@pytest.mark.parametrize("name", PRESETS.names())
def test_every_preset_comes_nearer_to_the_best_patch_than_where_it_began(name: str) -> None:
    truth = TRUTH[3]
    few = {"views": 2} if PRESETS.get(name).views > 1 else {}
    few |= {"transforms": ()} if name == "deepdream" else {}  # whose shifts are as large as the stripes here
    found = made(truth, ("oblique", "checker"), preset=name, steps=32 if few else 64, **few)  # type: ignore[arg-type]
    for index, unit in enumerate(("oblique", "checker")):
        best = box_optimum(truth.truth[unit])[0]
        assert likeness(found.image(index), best) > (0.04 if name == "yosinski_3" else 0.1), unit  # its blur leaves next to nothing of 12 pixels
        if not any(isinstance(one, Operator) for one in PRESETS.get(name).regularisers):
            assert np.nanmean(found.trace[index, -8:]) > np.nanmean(found.trace[index, :2]) + 0.05


def test_maco_takes_its_spectrum_from_photographs_and_says_how_many() -> None:
    found = made(TRUTH[3], ("oblique",), "maco", photos=og.open_images(PHOTOGRAPHS), steps=3)
    assert "photographs=8" in found.provenance.settings["canvas"]
    assert "photographs=0" in made(TRUTH[3], ("oblique",), "maco", steps=3).provenance.settings["canvas"]
