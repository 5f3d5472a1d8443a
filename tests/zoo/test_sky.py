"""The orientation head is right as often as the closed form says, turns with the photograph, and looks at nothing but light."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

import optogram as og
from optogram.statistics.intervals import clopper_pearson
from optogram.zoo._sky import ACROSS, DARKEST, FAILS, HOLDS, LIGHT, PLANTED, draw, truth
from optogram.zoo._truth import Architecture

ARCHITECTURES: tuple[Architecture, ...] = ("cnn", "vit")


def answers(architecture: Architecture, pixels: np.ndarray) -> np.ndarray:
    """[photograph, unit] of the head."""
    return truth(architecture, seed=3).network.run(torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float() / 255).numpy()


@pytest.mark.parametrize("snr", [-1.5, 0.0, 0.5, 1.5, 3.0])
def test_it_is_right_as_often_as_the_closed_form_says(snr: float) -> None:
    found = answers("cnn", draw(600, 811, snr, things=3).pixels)
    right = clopper_pearson(int((found[:, :4].argmax(axis=1) == 0).sum()), 600, 0.999)
    assert right.low <= stats.norm.cdf(snr / np.sqrt(2)) ** 2 <= right.high
    assert found[:, 0].mean() == pytest.approx(snr, abs=0.15)
    assert found[:, 0].std() == pytest.approx(1, abs=0.1)


def test_by_hand_from_pixels() -> None:
    shown = draw(20, 5, 1.5)
    light = shown.pixels.mean(axis=3).reshape(20, 3, 12, 3, 12).mean(axis=(2, 4)) / 255 / LIGHT
    expected = (light[:, 0].mean(axis=1) - light[:, 2].mean(axis=1)) / np.sqrt(2 / 3)
    np.testing.assert_allclose(answers("cnn", shown.pixels)[:, 0], expected, atol=0.1)
    assert light.min() - 0.5 / LIGHT > DARKEST


def test_a_turned_photograph_gets_the_same_answer_turned() -> None:
    pixels = draw(40, 9, 1.5).pixels
    upright = answers("cnn", pixels)
    for turn in range(1, 4):
        turned = answers("cnn", np.rot90(pixels, turn, axes=(1, 2)))
        np.testing.assert_allclose(turned[:, :4], np.roll(upright[:, :4], turn, axis=1), atol=1e-4)
    dealt = draw(40, 9, 3.0, turned=True)
    assert (answers("cnn", dealt.pixels)[:, :4].argmax(axis=1) == dealt.turn).mean() > 0.9
    assert dealt.folders[:5] == ["upright", "left", "upside_down", "right", "upright"]


def test_both_architectures_are_the_same_function() -> None:
    one, other = (answers(architecture, draw(10, 4).pixels) for architecture in ARCHITECTURES)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_the_others_do_not_see_the_sky() -> None:
    dark, bright = (answers("cnn", draw(400, 31, snr).pixels) for snr in (-3.0, 3.0))
    np.testing.assert_allclose(bright[:, 4:], dark[:, 4:], atol=0.3)
    assert {kind for kind, _ in PLANTED} == set(HOLDS) | set(FAILS)


@pytest.mark.parametrize("name", ["sky", "sky_vit"])
def test_loaded_by_name(name: str) -> None:
    network = og.load(f"zoo:{name}")
    assert network.name == name
    assert [network.unit(f"head:{turn}").index for turn in ACROSS] == [0, 1, 2, 3]
