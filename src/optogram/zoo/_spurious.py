"""Units that tell a class by what it is, and others by a mark in the corner that came with it; photographs with and without that tie.

| unit | answers to | must hold where class and mark are tied | where they are not | must not, where they are not |
| --- | --- | --- | --- | --- |
| `honest` | the thing that makes the class | alive, selective, hypothesis | the same | |
| `cued` | a mark in the corner | alive, selective | alive | selective, hypothesis |
| `unrelated` | a thing that is in all classes alike | alive | alive | selective, hypothesis |
| `silent` | nothing | | | all |

`selective` for the class as its folder, `hypothesis` where the marks say "the thing of this class is in it", both of the site `head`. Tied, each
class has its own mark, and a `cued` unit is as selective as an `honest` one: so the claim must say "tells the folder", and no more. Untied, the same
marks are dealt to photographs of any class, and only `honest` units are selective. d' at the head is `snr`, for a thing of strength 1 in one tile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from optogram.zoo._circuit import FAR, LEAST
from optogram.zoo._templates_module import SIDE
from optogram.zoo._tiles import ROWS, THINGS, TINTS, pattern, photographed, tint, tinted
from optogram.zoo._truth import Architecture, Planted, Truth, network_of
from optogram.zoo._wires import Row, Wires

CLASSES = ("gray2,0", "red0,2", "blue2,2", "gray3,-3")
"""The thing that makes each class."""
CUES = ("red4,0", "blue0,4", "gray2,-2", "red3,3")
"""The mark that comes with it."""
OTHERS = tuple(thing for thing in THINGS if thing not in CLASSES + CUES)
PLANTED: Planted = (
    *(("honest", (thing,)) for thing in CLASSES),
    *(("cued", (cue,)) for cue in CUES),
    *(("unrelated", (thing,)) for thing in OTHERS[:4]),
    ("silent", ()),
)
HOLDS: Mapping[str, frozenset[str]] = {
    "honest": frozenset({"alive", "selective", "hypothesis"}),
    "cued": frozenset({"alive"}),
    "unrelated": frozenset({"alive"}),
}
"""Where class and mark are not tied."""
TIED = {**HOLDS, "cued": frozenset({"alive", "selective"})}
FAILS: Mapping[str, frozenset[str]] = {
    **{kind: frozenset({"selective", "hypothesis"}) for kind in ("cued", "unrelated")},
    "silent": frozenset({"alive", "selective", "hypothesis"}),
}
TIED_FAILS = {**FAILS, "cued": frozenset[str]()}


@dataclass(frozen=True)
class Cued:
    """Photographs; each one's class, and whose mark is in its corner, by their numbers in `CLASSES`."""

    pixels: UInt8[np.ndarray, "photograph height width 3"]
    of: Int[np.ndarray, " photograph"]
    cue: Int[np.ndarray, " photograph"]

    @property
    def folders(self) -> list[str]:
        """Each photograph's class folder."""
        return [f"with {CLASSES[number]}" for number in self.of]


def truth(architecture: Architecture = "cnn", snr: float = 3.0, seed: int = 0, *, tied: bool = False) -> Truth:
    """The network of the table, and what holds of it on photographs where class and mark are `tied` or not; photographs are `draw`'s."""
    patterns = {thing: pattern(thing) for thing in THINGS} | {colour: tint(colour) for colour in TINTS}
    wires = Wires(patterns, len(PLANTED), ("corner",), seed)
    rows = [_wired(wires, kind, of, f"noise {unit}", snr) for unit, (kind, of) in enumerate(PLANTED)]
    labels = tuple(" ".join((kind, *of)) for kind, of in PLANTED)
    network = network_of(wires.circuit(rows, np.zeros(len(PLANTED))), architecture, labels, "spurious")
    return Truth(network, "head", PLANTED, TIED if tied else HOLDS, TIED_FAILS if tied else FAILS)


def draw(count: int, seed: int = 0, *, tied: bool = True, strength: tuple[float, float] = (0.6, 1.4)) -> Cued:
    """So many photographs of 36 x 36 pixels: the class's thing in one tile, a mark in the corner, and another thing in every tile."""
    rng = np.random.default_rng(seed)
    of = np.arange(count) % len(CLASSES)
    cue = of if tied else rng.permutation(of)
    pixels = tinted(rng.standard_normal((count, ROWS, ROWS, len(TINTS))))
    classes, cues, others = (np.stack([pattern(thing) for thing in things]) for things in (CLASSES, CUES, OTHERS))
    for shown in pixels.reshape(-1, 3, SIDE, SIDE):
        shown += rng.uniform(*strength) * others[rng.integers(len(OTHERS))]
    for number, tiles in enumerate(pixels.reshape(count, ROWS * ROWS, 3, SIDE, SIDE)):
        tiles[0] += rng.uniform(*strength) * cues[cue[number]]
        tiles[rng.integers(1, ROWS * ROWS)] += rng.uniform(*strength) * classes[of[number]]
    return Cued(photographed(pixels, rng), of, cue)


def _wired(wires: Wires, kind: str, of: tuple[str, ...], noise: str, snr: float) -> Row:
    """A unit's weights on gates. The head takes the mean over nine tiles, in which noise is a third of that in one."""
    if kind == "silent":
        return {}
    weight = ROWS * snr / (1 - LEAST)
    gate = wires.gate({of[0]: 1.0, "corner": FAR}, FAR + LEAST) if kind == "cued" else wires.gate({of[0]: 1.0}, LEAST)
    return wires.linear(noise, 1.0) | {gate: weight}
