"""Fooling circuits, trojans and attractors follow D in photographs and F in gray, innocent units T in both. All are flagged, and no control."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import optogram as og
from optogram.evidence._path import Path
from optogram.evidence.natural_path import flagged
from optogram.zoo._fooling import BLUE, EACH, PATCH, SIDE, Shown, planted

KINDS: tuple[Shown, ...] = ("template", "patch", "pattern")


@pytest.mark.parametrize("kind", KINDS)
def test_what_drives_a_unit_in_photographs_and_in_gray(kind: Shown) -> None:
    network, pixels = planted(3, 20, kind)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    gray = images.clone()
    gray[:, 2] = 0.5
    weight = network.module.templates.weight[: 3 * EACH]
    read = torch.nn.functional.conv2d(images - 0.5, weight, stride=SIDE)
    first, second, third = read.split(EACH, 1)
    shown, without = (network.read("units", one, "input").split(EACH, 1) for one in (images, gray))
    assert images[:, 2].mean() == pytest.approx(BLUE, abs=0.01)
    for found, expected in ((shown[0], second), (without[0], first), (shown[1], third), (without[1], third)):
        torch.testing.assert_close(found, expected.relu(), atol=1e-4, rtol=1e-4)
    assert (first.abs().max() < 0.1) == (kind != "template"), "patches and patterns are in no photograph"


def test_patches_lie_in_a_corner_and_patterns_all_over() -> None:
    patch, pattern = (planted(5, 1, kind)[0].module.templates.weight[:EACH, :2].detach() for kind in ("patch", "pattern"))
    for axis in (2, 3):
        assert patch.narrow(axis, PATCH, SIDE - PATCH).abs().max() < 1e-6
        assert pattern.narrow(axis, PATCH, SIDE - PATCH).square().sum((1, 2, 3)).min() > 0.15


def test_noise_is_as_stated() -> None:
    network, pixels = planted(5, 30, "pattern", 3.0)
    clean = planted(5, 30, "pattern")[1]
    read = [network.read("templates", torch.from_numpy(one).permute(0, 3, 1, 2).float() / 255, "input")[:, :EACH] for one in (pixels, clean)]
    assert read[0].std() == pytest.approx(1 / 3.5, rel=0.05)
    assert read[1].std() < 0.05


@pytest.mark.parametrize("name", ["fooling", "trojans", "attractors"])
def test_loaded_by_name(name: str) -> None:
    network = og.load(f"zoo:{name}")
    assert (network.name, network.site("units").units) == (name, 2 * EACH)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("snr", [np.inf, 3.0, 1.5])
def test_over_many_seeds_all_are_flagged_and_none_of_their_controls(kind: Shown, snr: float) -> None:
    """Other circuits and other photographs than those developed on, by the claim as a user asks it."""
    caught = innocent = 0
    seeds = range(21, 41)
    for seed in seeds:
        network, pixels = planted(seed, 120, kind, snr)
        found = og.judge(network, og.open_images(pixels), sites=["units"], claims=["natural_path"], twins=1, pictures=2 * EACH, progress=False)
        named = np.array([row.sentence.startswith("FLAGGED") for row in found if row.null == "wrong picture"])
        caught, innocent = caught + int(named[:EACH].sum()), innocent + int(named[EACH:].sum())
    if kind == "template" and snr == np.inf:
        assert (caught, innocent) == (len(seeds) * EACH, 0)
    assert caught >= 0.99 * len(seeds) * EACH
    assert innocent <= 0.005 * len(seeds) * EACH


def test_nothing_is_flagged_where_there_is_no_way() -> None:
    none = np.zeros((0, EACH, EACH), np.float32)
    assert not flagged(Path((), none, none)).any()
