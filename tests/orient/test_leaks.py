"""Photographs without an up, in which only a leak tells the turn: it is found where it is left open, and closed by what is there to close it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.orient import training
from optogram.orient.examination import Examination
from optogram.orient.measures import accuracy
from optogram.orient.squares import Control, four_turns

SIDE = 48
COUNT = 90
THRESHOLD = 2.5
"""Gray levels that a step between two pixels has before a unit says something."""


def steps() -> Network:
    """Units with hand-set weights that answer to steps up, down, left and right, four to all of them and four to steep ones alone."""
    layer = nn.Conv2d(3, 8, 3, padding=1)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.tensor([0.0] * 4 + [-THRESHOLD] * 4))  # type: ignore[union-attr]
        for unit, (row, column) in enumerate(((0, 1), (2, 1), (1, 0), (1, 2)) * 2):
            layer.weight[unit, :, row, column], layer.weight[unit, :, 1, 1] = 255 / 3, -255 / 3
    return Network(nn.Sequential(layer, nn.ReLU()), Preprocess(size=SIDE, mean=(0.0,) * 3, std=(1.0,) * 3))


def clouds(random: np.random.Generator, height: int = SIDE, width: int = SIDE, contrast: float = 14) -> np.ndarray:
    """Smooth gray noise, as fine along rows as along columns, cut out of a larger one: at its edges it would be flatter."""
    small = random.uniform(128 - contrast / 2, 128 + contrast / 2, (height // 8 + 4, width // 8 + 4)).astype(np.float32)
    drawn = Image.fromarray(small).resize((width + 32, height + 32), Image.Resampling.BICUBIC)
    return np.asarray(drawn)[16:-16, 16:-16]


def examined(pictures: list[np.ndarray]) -> Examination:
    """What five folds give for gray pictures."""
    stored = np.stack([np.repeat(one.round().clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2) for one in pictures])
    return training.train(steps(), open_images(stored), penalties=(0.03,), mirrored=False, progress=False)[1]


def at_chance(logits: np.ndarray) -> bool:
    found = accuracy(logits)
    return bool(found.low <= 0.25 <= found.high)


def test_a_pattern_of_rows_is_learned_and_gone_in_both_controls() -> None:
    """A sensor's faint sawtooth, down the rows of some columns: nearly all plain photographs are answered rightly, not because of what they show."""
    random = np.random.default_rng(0)
    teeth = 1.0 * (np.arange(SIDE) % 3)[:, None]
    found = examined([clouds(random) + teeth * (random.random(SIDE) < 1 / 6) for _ in range(COUNT)])
    assert accuracy(found.logits).estimate > 0.8
    assert at_chance(found.encoded)
    assert at_chance(found.blurred)


def test_an_aspect_tells_the_axis_unless_the_square_is_cut_out_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide photographs, squeezed into the square: their detail is finer along rows, which is all that an aspect tells: half are answered rightly."""
    random = np.random.default_rng(1)
    wide = [clouds(random, SIDE, 2 * SIDE, 60) for _ in range(COUNT)]
    assert at_chance(examined(wide).logits)

    def squeezed(photo: np.ndarray, side: int) -> np.ndarray:
        return np.asarray(Image.fromarray(photo).resize((side, side), Image.Resampling.BICUBIC))

    monkeypatch.setattr(training, "square", squeezed)
    leaked = examined(wide)
    assert accuracy(leaked.logits).low > 0.25
    assert (leaked.logits.argmax(1) % 2 == 0).mean() > 0.9, "upright or upside down, never on a side"


def test_resampling_tells_the_turn_unless_all_turns_are_resampled_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turned pictures that were drawn anew, upright ones that were not: the sharpest is upright."""
    random = np.random.default_rng(2)
    grainy = [clouds(random) + random.normal(0, 3, (SIDE, SIDE)) for _ in range(COUNT)]
    assert at_chance(examined(grainy).logits)

    def drawn_anew(pixels: np.ndarray, control: Control = "none", random: np.random.Generator | None = None) -> Tensor:
        turns = four_turns(pixels, control, random)
        larger = nn.functional.interpolate(turns[1:], scale_factor=1.25, mode="bilinear", align_corners=False)
        turns[1:] = nn.functional.interpolate(larger, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        return turns

    monkeypatch.setattr(training, "four_turns", drawn_anew)
    assert accuracy(examined(grainy).logits).estimate > 0.9


def test_a_network_that_sees_nothing_answers_nothing_rightly() -> None:
    """All four turns score alike: that is no right answer, though the first of equals is the first."""
    flat = [np.full((SIDE, SIDE), 128.0) for _ in range(25)]
    found = examined(flat)
    assert accuracy(found.logits).estimate == 0
    assert "0 of 25 held-out photographs answered rightly" in str(found)
