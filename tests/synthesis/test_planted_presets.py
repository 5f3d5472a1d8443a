"""Every preset on every planted unit: the published loop written out, the closed form, or the greatest response that its canvas allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
import pytest
import scipy.ndimage
import torch
from tests.synthesis.by_hand import Fourier, Pixels, Seen, bilinear, climbed
from tests.synthesis.planted import TRUTH, canvas_of, either, in_plane, likeness, photograph, striped, with_phases_of

import optogram as og
from optogram.synthesis.looks import PERIOD, Look, Looks
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.party import Party
from optogram.synthesis.preset import Preset
from optogram.synthesis.recipe import PRESETS
from optogram.synthesis.stage import framed
from optogram.synthesis.synthesize import synthesize
from optogram.synthesis.transforms.colour import colour
from optogram.synthesis.transforms.noise import noise
from optogram.zoo._planted import box_optimum

EITHER, THREE = either(3)
PAIR = TRUTH[3].truth["energy"]


@dataclass(frozen=True)
class Plant:
    """A unit whose response, its slope and its best pictures are known. `lowered`: its picture is to silence it."""

    unit: str
    kind: Literal["linear", "energy", "any_of"]
    templates: np.ndarray
    lowered: bool = False

    def response(self, pixels: np.ndarray) -> float:
        """What is to be raised."""
        products = [float((template * pixels).sum()) for template in self.templates]
        return {"linear": products[0], "energy": sum(one**2 for one in products), "any_of": max(0.0, *products)}[self.kind]

    def slope(self, pixels: np.ndarray) -> np.ndarray:
        products = [float((template * pixels).sum()) for template in self.templates]
        if self.kind == "energy":
            return np.asarray(sum(2 * product * template for product, template in zip(products, self.templates, strict=True)))
        largest = int(np.argmax(products))
        return np.asarray(self.templates[largest] * float(self.kind == "linear" or products[largest] > 0))

    def directions(self, picture: np.ndarray) -> list[np.ndarray]:
        """Linear templates, the best of whose best pictures is the unit's: of an energy unit all phases, of any three the one that was found."""
        if self.kind != "energy":
            return [max(self.templates, key=lambda template: float((template * picture).sum()))]
        return [np.cos(turn) * self.templates[0] + np.sin(turn) * self.templates[1] for turn in np.linspace(0, np.pi, 48, endpoint=False)]

    def greatest(self, picture: np.ndarray, draw: Callable[[np.ndarray], np.ndarray]) -> float:
        """The response to the best picture of the kind that was found, where `draw` gives that of a linear template."""
        return max(self.response(draw(one)) for one in self.directions(picture))


TRUTHS = TRUTH[3].truth
PLANTS = {
    "template": Plant("oblique", "linear", TRUTHS["oblique"][None]),
    "colour": Plant("opponent", "linear", TRUTHS["opponent"][None]),
    "band_pass": Plant("wave", "linear", TRUTHS["wave"][None]),
    "suppressed": Plant("negative", "linear", TRUTHS["wave"][None], lowered=True),
    "energy": Plant("energy", "energy", PAIR),
    "any_of": Plant("any_of", "any_of", THREE),
}


def made(preset: str | Preset, **settings: Any) -> dict[str, np.ndarray]:
    """By plant: the finished picture of 12x12 pixels, which fills the field of the neuron in the middle."""
    goals = {name: neuron((EITHER if name == "any_of" else TRUTH[3].network).unit(TRUTH[3].addresses[plant.unit])) for name, plant in PLANTS.items()}
    usual = {"size": 12, "progress": False, "preset": preset} | settings
    here = [-goal if PLANTS[name].lowered else goal for name, goal in goals.items() if name != "any_of"]
    found = [*synthesize(TRUTH[3].network, here, **usual).images, synthesize(EITHER, goals["any_of"], **usual).images[0]]
    return dict(zip(PLANTS, found, strict=True))


def simulated(recipe: Preset, plant: Plant, start: np.ndarray, steps: int) -> np.ndarray:
    """Yosinski's published loop, pixel by pixel in NumPy and SciPy: step, decay, blur, clip, back into range."""
    x = start.astype(np.float64)
    for step in range(steps):
        slope = plant.slope(x + 0.5)
        x = x + (getattr(recipe.optimiser, "rate", None) or recipe.optimiser.desired / (slope**2).sum()) * slope  # type: ignore[union-attr]
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
                amount = np.abs((x * slope).sum(0))
                x = x * (amount >= np.percentile(amount, regulariser.percentile))  # type: ignore[union-attr]
        x = np.clip(x, -0.5, 0.5)
    return x + 0.5


@pytest.mark.parametrize("name", ["yosinski_1", "yosinski_2", "yosinski_3", "yosinski_4"])
def test_yosinskis_recipes_are_the_published_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(2)) * (10 / 255)
    monkeypatch.setattr(Party, "_starts", lambda self, fresh: [start.repeat(len(fresh), 1, 1, 1)])
    for plant, picture in made(name, steps=40).items():
        near = np.abs(picture - simulated(PRESETS.get(name), PLANTS[plant], start[0].numpy(), 40)) < 1e-3
        assert near.mean() > 0.98, plant  # a pixel at a percentile's edge may fall on either side


def test_decay_alone_gives_the_template_at_its_equilibrium() -> None:
    """z = (1 - d) (z + r w) ends at r (1 - d) / d w."""
    recipe = PRESETS.get("yosinski_2")
    found = made(replace(recipe, regularisers=recipe.regularisers[:1]), steps=60)
    for name in ("template", "colour", "band_pass", "suppressed"):
        assert np.abs(found[name] - 0.5 - 100 / 255**2 * 0.7 / 0.3 * PLANTS[name].templates[0]).max() < 1e-5


def test_erhans_recipe_gives_each_unit_its_template_at_the_radius() -> None:
    for name, picture in made("erhan", steps=64).items():
        assert np.sqrt(np.square(picture - 0.5).mean()) == pytest.approx(0.125, rel=1e-3)
        alike = in_plane(picture, PAIR) if name == "energy" else max(likeness(picture, one) for one in PLANTS[name].templates)
        assert alike > 0.99, name


SETTINGS: dict[str, dict[str, Any]] = {"lucid": {"steps": 256}, "accentuation": {"image": photograph(3), "views": 2}, "vit": {"steps": 200}}
REACH = {"lucid": 0.65, "accentuation": 0.45, "vit": 0.87}
"""The least share of the greatest response above the start's, over all plants, that the recipe written out gives in these steps."""


def by_hand(name: str, plant: Plant, start: np.ndarray) -> np.ndarray:
    """The picture that the recipe written out ends at; looks are read off the climb's own, whose maps are drawn by hand."""
    recipe, settings = PRESETS.get(name), SETTINGS[name]
    steps = settings.get("steps", recipe.steps)
    stage = framed(EITHER, [EITHER.site("templates")], (12, 12), recipe.transforms)
    border, side = (stage.view[0] - 12) // 2, stage.view[0]
    middle = slice(border, border + 12)

    def seen(look: Look) -> Seen:
        random, contrast, added = np.random.default_rng((*look.seed, 1)), np.ones((3, 1, 1)), np.zeros((3, side, side))
        for one in look.alterations:
            if isinstance(one, colour):
                draws = random.standard_normal((2, 3, 1, 1), dtype=np.float32)
                contrast, added = np.exp(one.gain * draws[0]), added + one.shift * draws[1]
            elif isinstance(one, noise):
                added = added + one.deviation * random.standard_normal((3, side, side), dtype=np.float32)
        return Seen(bilinear(tuple(look.matrix.ravel().tolist()), 12, side), contrast, added)

    def slope(view: np.ndarray) -> np.ndarray:
        whole = np.zeros_like(view)
        whole[:, middle, middle] = plant.slope(view[:, middle, middle])
        return whole

    looks = Looks(stage, steps, 0, settings.get("views", recipe.views), True)
    known = lru_cache(maxsize=None)(lambda step: [seen(look) for look in looks.at(step)])
    canvas: Fourier | Pixels = Pixels() if name == "vit" else Fourier(12)
    steering = recipe.optimiser or recipe.canvas.optimiser
    photo = photograph(3).transpose(2, 0, 1) / 255

    def penalty(x: np.ndarray) -> np.ndarray:
        if name == "accentuation":
            return 1e-4 * (x - photo)
        down, across = np.diff(x, axis=1), np.diff(x, axis=2)
        ends = np.pad(down, ((0, 0), (1, 1), (0, 0))), np.pad(across, ((0, 0), (0, 0), (1, 1)))
        return -2 * 5e-4 * (np.diff(ends[0], axis=1) + np.diff(ends[1], axis=2)) if name == "vit" else np.zeros_like(x)

    return climbed(canvas, start, slope, lambda step: known(step % PERIOD), penalty, steps, steering.rate, steering.betas, bool(steering.cosine))


@pytest.mark.parametrize("name", SETTINGS)
def test_recipes_reach_what_they_reach_written_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fourier coefficients move by .05 a step, so that 256 steps end on the way to black and white: what holds them is time, not the canvas.

    The network answers in double precision: Adam divides each slope by its own size, so that the rounding of slopes that are nought
    moves as far as the slopes of others, and in single precision two correct climbs end up to .042 of the range apart.
    """
    shape = (3, 12, 12) if name == "vit" else (3, 12, 7, 2)
    start = torch.randn(1, *shape, generator=torch.Generator().manual_seed(3)) * 0.01
    if name == "accentuation":
        start = torch.from_numpy(Fourier(12).write(photograph(3).transpose(2, 0, 1) / 255)).float()[None]
    monkeypatch.setattr(Party, "_starts", lambda self, fresh: [start.repeat(len(fresh), *[1] * len(shape))])
    begun = photograph(3).transpose(2, 0, 1) / 255 if name == "accentuation" else np.full((3, 12, 12), 0.5)
    shares = []
    for unit, picture in made(name, dtype=torch.float64, **SETTINGS[name]).items():
        plant = PLANTS[unit]
        expected, least = plant.response(by_hand(name, plant, start[0].numpy())), plant.response(begun)
        most = plant.greatest(picture, lambda template: box_optimum(template)[0])
        assert abs(plant.response(picture) - expected) < 0.04 * (most - least), unit
        shares.append((expected - least) / (most - least))
        if unit in ("band_pass", "suppressed", "energy"):
            assert striped((picture - begun) * np.sqrt((PAIR**2).sum(0))), unit  # as far as the unit sees it
    assert min(shares) > REACH[name]


def test_macos_picture_has_the_phases_of_the_best_that_its_magnitudes_allow() -> None:
    """In half of its steps, .95 of the greatest response above gray's."""
    canvas = canvas_of("maco", 3)
    settings = {"canvas": canvas, "optimiser": PRESETS.get("maco").canvas.optimiser, "views": 2, "steps": 128}
    for unit, picture in made("maco", **settings).items():
        plant = PLANTS[unit]
        most, least = plant.greatest(picture, partial(with_phases_of, canvas=canvas)), plant.response(np.full((3, 12, 12), 0.5))
        assert plant.response(picture) - least > 0.95 * (most - least), unit


def test_every_preset_is_held() -> None:
    assert sorted([*SETTINGS, "maco", "erhan", "deepdream", "yosinski_1", "yosinski_2", "yosinski_3", "yosinski_4"]) == PRESETS.names()


def test_maco_takes_its_spectrum_from_photographs_and_says_how_many() -> None:
    shots = np.random.default_rng(0).integers(64, 192, (8, 32, 32, 3), dtype=np.uint8)
    asked = {"size": 12, "steps": 1, "progress": False}
    told = [synthesize(TRUTH[3].network, "templates:3", "maco", photos=photos, **asked) for photos in (og.open_images(shots), None)]  # type: ignore[arg-type]
    assert ["photographs=8" in told[0].provenance.settings["canvas"], "photographs=0" in told[1].provenance.settings["canvas"]] == [True, True]
