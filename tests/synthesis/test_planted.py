"""What single canvases promise on planted units besides the table of all canvases and units (`test_planted_canvases.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from tests.synthesis.planted import LINEAR, TRUTH, in_plane, likeness, photographed, striped, turned

import optogram as og
from optogram.synthesis.canvases._colour import GRAY
from optogram.synthesis.canvases.maco import maco
from optogram.synthesis.canvases.patches import patches
from optogram.synthesis.recipe import CANVASES
from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import box_optimum

PHOTOGRAPHS = np.random.default_rng(0).integers(64, 192, (8, 32, 32, 3), dtype=np.uint8)


def neurons(channels: int, names: Sequence[str], canvas: object, **settings: Any) -> Synthesis:
    """Pictures of the size of the templates."""
    asked = [TRUTH[channels].addresses[name] + "@0,0" for name in names]
    return synthesize(TRUTH[channels].network, asked, canvas, size=12, transforms=(), progress=False, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [3, 1])
def test_maco_under_a_templates_own_magnitude_gives_the_template(channels: int) -> None:
    """The sample is the template turned and shifted: same magnitudes, other phases."""
    for name in ("wave", "oblique", "spot"):
        template = TRUTH[channels].truth[name]
        pattern = turned(template - template.mean()) / np.abs(template).max()
        canvas = maco(photographs=1, sample=(torch.from_numpy(photographed(pattern, 60))[None],))
        assert likeness(neurons(channels, [name], canvas, steps=48).image(0), template) > 0.99, name


def test_maco_finds_the_templates_phases_under_any_magnitude() -> None:
    """Near gray the sigmoid is straight, so the most that phases can give is the sum of |template| |magnitude| over frequencies."""
    faint = np.clip(127.5 + np.random.default_rng(0).normal(0, 6, (6, 1, 12, 12)), 0, 255).astype(np.uint8)
    canvas = maco(photographs=6, sample=(torch.from_numpy(faint),))
    names = ("spot", "wave")
    found = neurons(1, names, canvas, steps=64)
    twice = np.full(7, 2.0)
    twice[[0, -1]] = 1  # columns that are their own mirror
    for index, name in enumerate(names):
        template = np.abs(np.fft.rfft2(TRUTH[1].truth[name][0], norm="ortho"))
        gain = (template * canvas.magnitude(1, 12, 12)[0].numpy() * twice).sum() * GRAY / 4  # the sigmoid's slope at gray
        assert found.activations[index] - 0.5 * TRUTH[1].truth[name].sum() == pytest.approx(gain, rel=0.03), name


def test_maco_under_the_stripes_magnitude_gives_stripes() -> None:
    """Magnitudes are those of photographs: a frequency that they have can be found, another cannot."""
    canvas = maco(photographs=1, sample=(torch.from_numpy(photographed(np.roll(TRUTH[3].truth["wave"], 5, 2)))[None],))
    stripes, energy = neurons(3, ["wave", "energy"], canvas, steps=64).images
    assert striped(stripes - 0.5)
    assert striped(energy - 0.5)
    assert in_plane(energy, TRUTH[3].truth["energy"]) > 0.98


def test_overlapping_patches_reach_the_greatest_response_that_any_choice_can_give() -> None:
    """A linear response is a sum over tiles, so that the best choice is the best patch of each tile by itself."""
    truth, photographs = TRUTH[3], og.open_images(PHOTOGRAPHS)
    canvas = patches(count=64, side=5).given(truth.network, photographs, None, None)
    names = ("oblique", "checker")
    found = neurons(3, names, canvas, steps=96)
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
    """A pixel's worth to a linear unit is |w| summed over channels; above the mean it is to be opaque, below it to be clear.

    So the best picture is black and white where the worth is above the mean, gray elsewhere, which is known, and how alike it is to the template.
    """
    found = neurons(3, LINEAR, "cppn_alpha", steps=200)
    assert found.alpha is not None
    for index, name in enumerate(LINEAR):
        template, alpha = TRUTH[3].truth[name], found.alpha[index]
        worth = np.abs(template).sum(0)
        best = np.where(worth > worth.mean(), box_optimum(template)[0], 0.5)
        if name == "checker":  # whose pixels are all worth the same, so that none has to be opaque
            assert likeness(found.image(index), template) > 0.75
        else:
            assert likeness(found.image(index), template) > 0.93 * likeness(best, template), name
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
