"""Which way up, read off hand-set weights: brighter above than below. And photographs with such a sky, more or less of it.

| unit | answers to | must hold | must not |
| --- | --- | --- | --- |
| `turn`, four of them | how much brighter the top, left, bottom or right is than what is across | alive, selective, hypothesis | |
| `colour` | the tint | alive | selective, hypothesis |
| `template` | one thing, wherever it is | alive | selective, hypothesis |
| `silent` | nothing | | all |

`selective` for a photograph's turn as its class folder, `hypothesis` where the marks say "the sky is above"; both at `head`, of which the first four
units are the orientation head: the greatest is the answer. Every tile's light varies by 1, and a sky adds `snr` times the standard deviation of "top
less bottom" to it. So the answer to a photograph is right with chance Phi(snr / sqrt 2)^2: .25 without a sky, .41 at d' .5, .73 at 1.5, .97 at 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from optogram.zoo._circuit import FAR, LEAST
from optogram.zoo._templates_module import SIDE
from optogram.zoo._tiles import ROWS, THINGS, TINTS, pattern, photographed, tint, tinted
from optogram.zoo._truth import Architecture, Planted, Truth, network_of
from optogram.zoo._wires import Circuit, Row, Wires

LIGHT = 0.05
"""Spread of a tile's light, in what a pixel's range is 1 of."""
DARKEST = -8.0
"""So much less light than gray counts as none; no photograph is as dark."""
SPREAD = np.sqrt(2 / ROWS)
"""Standard deviation of the mean light of one row of tiles less that of another."""
ACROSS = {"upright": ("top", "bottom"), "left": ("left", "right"), "upside_down": ("bottom", "top"), "right": ("right", "left")}
"""Where each turn has the sky, and where the ground."""
THING = ("gray2,2", "red0,4", "blue2,0")
PLANTED: Planted = (
    *(("turn", (turn,)) for turn in ACROSS),
    *(("colour", (colour,)) for colour in TINTS),
    *(("template", (thing,)) for thing in THING),
    ("silent", ()),
)
HOLDS: Mapping[str, frozenset[str]] = {
    "turn": frozenset({"alive", "selective", "hypothesis"}),
    "colour": frozenset({"alive"}),
    "template": frozenset({"alive"}),
}
FAILS: Mapping[str, frozenset[str]] = {
    **{kind: frozenset({"selective", "hypothesis"}) for kind in ("colour", "template")},
    "silent": frozenset({"alive", "selective", "hypothesis"}),
}


@dataclass(frozen=True)
class Skies:
    """Photographs, and by how many quarter turns counterclockwise the light of each was turned, from the sky above."""

    pixels: UInt8[np.ndarray, "photograph height width 3"]
    turn: Int[np.ndarray, " photograph"]

    @property
    def folders(self) -> list[str]:
        """Each photograph's turn in words."""
        return [list(ACROSS)[turn] for turn in self.turn]


def truth(architecture: Architecture = "cnn", seed: int = 0) -> Truth:
    """The network of the table; photographs are `draw`'s. `seed` is for the noise of the units of things."""
    labels = tuple(" ".join((*of, *([kind] if kind in ("silent", "colour") else []))) for kind, of in PLANTED)
    return Truth(network_of(_circuit(seed), architecture, labels, "sky"), "head", PLANTED, HOLDS, FAILS)


def draw(count: int, seed: int = 0, snr: float = 1.5, *, things: int = 2, turned: bool = False) -> Skies:
    """So many photographs of 36 x 36 pixels with a sky of that d' above; at 0 there is none, below the ground is the brighter.

    `turned`: the light by 0 to 3 quarter turns, one photograph after the other, and not the things, which would tell the turn as well.
    """
    rng = np.random.default_rng(seed)
    light = rng.standard_normal((count, ROWS, ROWS)) + snr * SPREAD * np.linspace(0.5, -0.5, ROWS)[:, None]
    turn = np.arange(count) % len(ACROSS) if turned else np.zeros(count, np.int64)
    light = np.stack([np.rot90(one, int(k)) for one, k in zip(light, turn, strict=True)])
    pixels = tinted(rng.standard_normal((count, ROWS, ROWS, len(TINTS)))) + LIGHT * light[..., None, None, None]
    patterns = np.stack([pattern(thing) for thing in THINGS])
    for shown in pixels.reshape(-1, 3, SIDE, SIDE):
        shown += np.tensordot(rng.uniform(0.6, 1.4, things), patterns[rng.choice(len(THINGS), things, replace=False)], 1)
    return Skies(photographed(pixels, rng), turn)


def _circuit(seed: int) -> Circuit:
    patterns: dict[str, Float[np.ndarray, "3 12 12"]] = {thing: pattern(thing) for thing in THINGS} | {colour: tint(colour) for colour in TINTS}
    wires = Wires(patterns | {"light": np.full((3, SIDE, SIDE), LIGHT)}, len(PLANTED), ("top", "bottom", "left", "right"), seed)
    return wires.circuit([_wired(wires, kind, of, f"noise {unit}") for unit, (kind, of) in enumerate(PLANTED)], np.zeros(len(PLANTED)))


def _wired(wires: Wires, kind: str, of: tuple[str, ...], noise: str) -> Row:
    """A unit's weights on gates; the head takes their mean over all tiles, of which a row is a third."""
    if kind == "turn":
        above, below = (wires.gate({"light": 1.0, place: FAR - DARKEST}, FAR) for place in ACROSS[of[0]])
        return {above: ROWS / SPREAD, below: -ROWS / SPREAD}
    if kind == "colour":
        return wires.linear(of[0], 1.0)
    return wires.linear(noise, 1.0) | {wires.gate({of[0]: 1.0}, LEAST): 3 / (1 - LEAST)} if kind == "template" else {}
