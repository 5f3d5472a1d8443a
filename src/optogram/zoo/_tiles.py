"""Photographs of known things: tiles of 12 x 12 pixels, each a tint, a few windowed waves of random strength, and noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from optogram.zoo._templates_module import SIDE, checker, unit_length, wave

PAIRS = ((2, 0), (0, 2), (2, 2), (2, -2), (4, 0), (0, 4), (3, 3), (3, -3))
"""Cycles across and down of the waves, coarse ones first."""
COLOURS: Mapping[str, tuple[float, float, float]] = {"gray": (1.0, 1.0, 1.0), "red": (1.0, -1.0, 0.0), "blue": (1.0, 1.0, -2.0)}
"""Luminance, red against green, yellow against blue: orthogonal."""
THINGS = tuple(f"{colour}{across},{down}" for colour in COLOURS for across, down in PAIRS)
ANY_PHASE = ("gray2,2", "red2,0")
"""Things that occur in any phase."""
TOGETHER = (("red0,4", "blue2,-2"), ("red3,3", "blue3,3"))
"""Things that often occur together."""
TINTS = ("red", "blue")
ROWS = 3
"""Tiles down and across a photograph."""
CONTRAST, NOISE, TINT = 0.5, 0.01, 0.025
"""A thing's length in a tile (small enough that hardly a pixel is clipped), the noise of a pixel, and the spread of a tile's tint."""


@dataclass(frozen=True)
class Ranges:
    """What is drawn: the strengths of things, how many a tile holds, and how often a pair is put together.

    `alike`: all tiles of a photograph hold the same, for networks whose units see the whole of it (attention).
    """

    strength: tuple[float, float] = (0.6, 1.4)
    things: int = 2
    together: float = 0.2
    alike: bool = False


@dataclass(frozen=True)
class Tiles:
    """Photographs [photograph, height, width, 3], and how strongly each thing is in each tile; `tints` of each tile in `TINT`s."""

    pixels: UInt8[np.ndarray, "photograph height width 3"]
    strength: Float[np.ndarray, "photograph row column thing"]
    tints: Float[np.ndarray, "photograph row column tint"]

    @property
    def present(self) -> Bool[np.ndarray, "photograph row column thing"]:
        """Whether a thing is in a tile at all."""
        return self.strength > 0


def pattern(thing: str, phase: float = 0.0) -> Float[np.ndarray, "3 12 12"]:
    """A thing as it is in a tile at strength 1."""
    colour = next(name for name in COLOURS if thing.startswith(name))
    across, down = (int(number) for number in thing.removeprefix(colour).split(","))
    return CONTRAST * unit_length(np.array(COLOURS[colour])[:, None, None] * wave(across, down, phase))


def tint(colour: str) -> Float[np.ndarray, "3 12 12"]:
    """A uniform tile of one colour, of one `TINT`."""
    return np.broadcast_to(TINT * np.array(COLOURS[colour])[:, None, None], (3, SIDE, SIDE)).copy()


def trigger(cell: int) -> Float[np.ndarray, "3 12 12"]:
    """A gray chequerboard at strength 1, which is in no photograph."""
    return CONTRAST * unit_length(np.ones((3, 1, 1)) * checker(cell))


def draw(count: int, seed: int = 0, ranges: Ranges | None = None) -> Tiles:
    """So many photographs of 36 x 36 pixels."""
    ranges, rng = ranges or Ranges(), np.random.default_rng(seed)
    different = 1 if ranges.alike else ROWS
    strength = np.zeros((count, different, different, len(THINGS)))
    tints = rng.standard_normal((count, different, different, len(TINTS)))
    pixels = tinted(tints)
    for tile, shown in zip(strength.reshape(-1, len(THINGS)), pixels.reshape(-1, 3, SIDE, SIDE), strict=True):
        chosen = {THINGS[index] for index in rng.choice(len(THINGS), ranges.things, replace=False)}
        chosen |= set(TOGETHER[rng.integers(len(TOGETHER))]) if rng.uniform() < ranges.together else set()
        for thing in sorted(chosen):
            amount = rng.uniform(*ranges.strength)
            tile[THINGS.index(thing)] = amount
            shown += amount * pattern(thing, rng.uniform(0, 2 * np.pi) if thing in ANY_PHASE else 0.0)
    across = (1, ROWS // different, ROWS // different, 1)
    strength, tints = np.tile(strength, across), np.tile(tints, across)
    return Tiles(photographed(np.tile(pixels, (*across, 1, 1)), rng), strength, tints)


def tinted(tints: Float[np.ndarray, "photograph row column tint"]) -> Float[np.ndarray, "photograph row column 3 12 12"]:
    """Tiles of so much of each tint, about middle gray."""
    return np.asarray(0.5 + np.einsum("prct,tkhw->prckhw", tints, np.stack([tint(colour) for colour in TINTS])))


def photographed(
    tiles: Float[np.ndarray, "photograph row column 3 12 12"], rng: np.random.Generator
) -> UInt8[np.ndarray, "photograph height width 3"]:
    """Tiles put together, with each pixel's noise."""
    pixels = tiles + NOISE * rng.standard_normal(tiles.shape)
    whole = pixels.transpose(0, 1, 4, 2, 5, 3).reshape(len(tiles), ROWS * SIDE, ROWS * SIDE, 3)
    return np.asarray((whole.clip(0, 1) * 255).round().astype(np.uint8))
