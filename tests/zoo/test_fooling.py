"""Fooling circuits follow D in photographs and F in gray; innocent units follow T in both. All are flagged, and none of their controls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import optogram as og
from optogram.evidence._path import Path
from optogram.evidence.natural_path import flagged
from optogram.zoo._fooling import BLUE, EACH, SIDE, planted


def test_what_drives_a_unit_in_photographs_and_in_gray() -> None:
    network, pixels = planted(seed=3, photographs=20)
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


def test_loaded_by_name() -> None:
    assert og.load("zoo:fooling").site("units").units == 2 * EACH


@pytest.mark.slow
def test_over_many_seeds_all_are_flagged_and_none_of_their_controls() -> None:
    """Other circuits and other photographs than those developed on, by the claim as a user asks it."""
    caught = innocent = 0
    seeds = range(21, 41)
    for seed in seeds:
        network, pixels = planted(seed)
        found = og.judge(network, og.open_images(pixels), sites=["units"], claims=["natural_path"], twins=1, pictures=2 * EACH, progress=False)
        named = np.array([row.sentence.startswith("FLAGGED") for row in found if row.null == "wrong picture"])
        caught, innocent = caught + int(named[:EACH].sum()), innocent + int(named[EACH:].sum())
    assert caught == len(seeds) * EACH
    assert innocent == 0


def test_nothing_is_flagged_where_there_is_no_way() -> None:
    none = np.zeros((0, EACH, EACH), np.float32)
    assert not flagged(Path((), none, none)).any()
