"""Who leaves, who takes whose place, and that nobody's picture depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from optogram.synthesis.looks import PERIOD, Looks
from optogram.synthesis.party import Party
from optogram.synthesis.result import Synthesis
from optogram.synthesis.stage import Stage
from optogram.synthesis.synthesize import synthesize
from optogram.synthesis.transforms.colour import colour
from optogram.synthesis.transforms.crop import crop
from optogram.synthesis.transforms.jitter import jitter
from optogram.synthesis.transforms.noise import noise
from optogram.synthesis.verdict import arrived
from optogram.zoo._planted import planted

NET = planted(1).network
UNITS = [f"templates:{index}@4,5" for index in (0, 3, 5, 6, 9, 7)]


STEPS = 6 * PERIOD


def made(units: object = UNITS, **settings: object) -> Synthesis:
    usual = {"steps": STEPS, "canvas": "pixel", "transforms": (), "progress": False, "batch_size": 2}
    return synthesize(NET, units, **{**usual, **settings})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Climbed:
    """Pictures, and how many rows went through the network at each step."""

    pictures: Synthesis
    rows: list[int]


@pytest.fixture(scope="module")
def climbs() -> dict[str, Climbed]:
    """All units to the end, and with early arrival."""
    rows: list[int] = []
    note, found = Party.note, {}

    def counting(party: Party, values: Tensor, sound: Tensor, picture: Tensor, *rest: Any) -> None:
        rows.append(len(picture))
        note(party, values, sound, picture, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Party, "note", counting)
        for name, early in (("full", False), ("early", True)):
            rows.clear()
            found[name] = Climbed(made(early=early), list(rows))
    return found


def test_who_arrives_leaves_early_makes_room_and_looks_the_same_as_alone_and_as_in_a_full_climb(climbs: dict[str, Climbed]) -> None:
    early, full, alone = climbs["early"].pictures, climbs["full"].pictures, made(UNITS[2], early=True)
    taken = [early.taken(index) for index in range(len(UNITS))]
    assert min(taken) >= 3 * PERIOD
    assert max(taken) < STEPS
    assert all(step % PERIOD == 0 for step in taken)
    assert [full.taken(index) for index in range(len(UNITS))] == [STEPS] * len(UNITS)
    for index, steps in enumerate(taken):
        assert early.trace[index, :steps] == pytest.approx(full.trace[index, :steps], abs=1e-3)
        assert np.isnan(early.trace[index, steps:]).all()
    assert np.abs(early.image(2) - alone.image(0)).max() < 1e-3
    assert early.verdict[:4] == ("converged",) * 4


def test_places_that_become_free_are_taken_at_once_and_passes_are_saved(climbs: dict[str, Climbed]) -> None:
    """Counted in pictures that went through the network, step by step; each reaches the whole climb's response to 2 % of its rise."""
    full, early, rows = climbs["full"].pictures, climbs["early"].pictures, climbs["early"].rows
    assert climbs["full"].rows == [2] * (len(UNITS) // 2 * STEPS)
    assert sum(rows) == sum(early.taken(index) for index in range(len(UNITS)))
    assert sum(rows) < 0.8 * len(UNITS) * STEPS
    assert rows == sorted(rows, reverse=True)  # full until nobody waits
    assert rows.count(1) <= STEPS
    rise = full.activations - full.trace[:, 0]
    assert (np.abs(early.activations - full.activations) <= 0.02 * np.abs(rise) + 1e-4).all()


def test_rows_of_several_ages_climb_as_they_would_alone_with_moments_and_transforms() -> None:
    """The second to begin joins a batch that is 96 steps old."""
    settings = {"canvas": "fourier", "transforms": (jitter(4), noise(0.01)), "early": True, "steps": 5 * PERIOD, "batch_size": 2}
    together = made([UNITS[4], UNITS[0], UNITS[1]], **settings)  # the constant unit leaves first
    assert together.taken(0) == 3 * PERIOD
    assert together.taken(1) > 3 * PERIOD
    alone = made(UNITS[1], **settings)
    steps = together.taken(2)
    assert together.trace[2, :steps] == pytest.approx(alone.trace[0, :steps], rel=1e-2, abs=1e-2)


def test_arrival_is_the_gain_of_a_period_over_the_rise() -> None:
    steps = np.arange(512)
    curve = 1 - np.exp(-steps / 40)
    assert not arrived(curve[: 3 * PERIOD], PERIOD)
    assert arrived(curve, PERIOD)
    assert not arrived(steps / 512.0, PERIOD)
    wavy = curve + np.tile(np.random.default_rng(0).normal(0, 1, PERIOD), 16)  # the transforms' own scatter repeats
    assert arrived(wavy, PERIOD)
    assert arrived(np.zeros(96), PERIOD)
    assert arrived(np.full(96, np.nan), PERIOD)


def test_transforms_repeat_after_a_period_and_scheduled_ones_do_not() -> None:
    images = torch.rand(2, 1, 12, 12)
    steady = Looks(Stage((12, 12), (12, 12), transforms=(jitter(6), noise(), colour())), 128, 3, 2, True)
    assert torch.equal(steady.at(1)[0](images), steady.at(1 + PERIOD)[0](images))
    assert not torch.equal(steady.at(1)[0](images), steady.at(2)[0](images))
    assert not torch.equal(steady.at(1)[0](images), steady.at(1)[1](images))
    moving = Looks(Stage((12, 12), (12, 12), transforms=(crop(least=2).fitted((12, 12), (12, 12)),)), 128, 3, 1, True)
    assert not np.array_equal(moving.at(1)[0].matrix, moving.at(1 + PERIOD)[0].matrix)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_crop_never_leaves_the_picture(step: int) -> None:
    """Gray outside would show: the view of a white picture is white, but for the half pixel at an edge that is blended. The box shrinks."""
    one = crop(0.5, 0.05, spread=0.5, least=4).fitted((40, 30), (24, 20))
    white = torch.ones(1, 1, 40, 30)
    looks = Looks(Stage((40, 30), (24, 20), transforms=(one,)), 3, 0, 40, True)
    for look in looks.at(step):
        row, column = np.abs(look.matrix[:2, 2]) + np.diag(look.matrix)[:2] * np.array([24, 20]) / 2
        assert row <= 20 + 1e-9
        assert column <= 15 + 1e-9
        down, across = (int(np.ceil(0.5 / scale - 0.5)) for scale in np.diag(look.matrix)[:2])
        assert look(white)[:, :, down:-down, across:-across].min() > 1 - 1e-5
    sides = np.array([look.matrix[0, 0] * 24 for look in looks.at(step)])
    assert sides == pytest.approx(max((0.5 + (0.05 - 0.5) * step / 2) * 40, 4))


@pytest.mark.parametrize(("share", "sides"), [(0.0, (64.0, 24.0)), (0.5, (35.2, 20.0)), (1.0, (24.0, 20.0)), (None, (64.0, 24.0))])
def test_a_crop_has_at_least_so_many_pixels_or_the_whole_side(share: float | None, sides: tuple[float, float]) -> None:
    canvas, view = (128, 48 if share in (0.0, None) else 20), (64, 32)
    one = crop(0.5, 0.05, least=24).fitted(canvas, view)
    matrix = (one if share is None else one.at(share)).draw(np.random.default_rng(0))
    assert np.diag(matrix)[:2] * np.array(view) == pytest.approx(sides)


def test_noise_and_colour_are_their_formulas() -> None:
    images = torch.full((3, 2, 60, 60), 0.6)
    noisy = noise(0.1).alter(images, np.random.default_rng(0))
    assert torch.equal(noisy[0], noisy[2])
    assert (noisy - images).std().item() == pytest.approx(0.1, rel=0.05)
    shades = colour(0.2, 0.1).alter(images, np.random.default_rng(0))
    draws = np.random.default_rng(0).standard_normal((2, 2), dtype=np.float32)
    assert shades[0, :, 0, 0].tolist() == pytest.approx(list(0.1 * np.exp(0.2 * draws[0]) + 0.5 + 0.1 * draws[1]), abs=1e-5)


def test_several_looks_a_step_are_their_mean() -> None:
    single = made("templates:0", views=1, steps=1, transforms=())
    several = made("templates:0", views=3, steps=1, transforms=())
    assert several.trace[0, 0] == pytest.approx(single.trace[0, 0], abs=1e-5)
    assert np.abs(single.images - several.images).max() < 1e-5
