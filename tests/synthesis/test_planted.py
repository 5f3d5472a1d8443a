"""Every canvas and every preset on units whose optimum is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage
import torch

import optogram as og
from optogram.synthesis.canvases._given import input_picture
from optogram.synthesis.canvases.fourier import GRAY
from optogram.synthesis.canvases.maco import maco
from optogram.synthesis.party import Party
from optogram.synthesis.preset import Preset
from optogram.synthesis.recipe import CANVASES, PRESETS
from optogram.synthesis.regularisers._regulariser import Operator
from optogram.synthesis.regularisers.l2 import l2
from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import Planted, box_optimum, planted

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


STEPS: dict[str, int] = {}
WRITTEN = [name for name in CANVASES.names() if name != "maco"]


@pytest.mark.parametrize(("canvas", "channels"), [*((name, 3) for name in WRITTEN), ("fourier", 1), ("image", 1)])
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
    for picture in gained:
        power = np.abs(np.fft.fft2(picture.mean(0)))
        power[0, 0] = 0
        row, column = np.unravel_index(power.argmax(), power.shape)
        assert (row, min(column, 12 - column)) == (0, 3)


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
