"""Units of planted truth as weights: what each answers to, at a stated ratio of signal to noise, and which claims must hold of it.

| kind | answers to | must hold | must not |
| --- | --- | --- | --- |
| `template` | one thing | alive, identification, alike | facets |
| `energy` | one wave in any phase | alive, identification, alike | facets |
| `any_of` | each of three things | alive, facets | |
| `all_of` | two things, only together | alive, identification | facets |
| `suppressive` | the absence of a thing | alive, identification | |
| `band_pass` | any of four fine waves, whatever their orientation | alive, identification | |
| `position` | one thing, in the top row of tiles only | alive | |
| `colour` | the tint of the tile | alive, identification, alike | facets |
| `duplicated` | what the first template answers to, with the same weights | alive | |
| `trojan`, `attractor` | one thing, and far more to a chequerboard that no photograph holds | alive, identification | identification_by_picture |
| `silent`, `constant` | nothing | | alive, and all others |

Every unit has a noise of its own, of standard deviation 1 beside `snr` for a thing of strength 1 (d'); how, `_wires.py` says.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optogram.zoo._tiles import ANY_PHASE, THINGS, TINTS, TOGETHER, pattern, tint, trigger
from optogram.zoo._wires import Circuit, Row, Wires

PLACE = "top"
"""The channel that says whether a tile is in the top row."""
PLANTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(("template", (thing,)) for thing in ("gray2,0", "gray0,2", "red2,2", "red2,-2", "blue4,0", "blue0,4")),
    *(("energy", (thing,)) for thing in ANY_PHASE),
    ("any_of", ("gray2,-2", "red0,2", "blue2,0")),
    ("any_of", ("red4,0", "blue2,2", "blue0,2")),
    *(("all_of", pair) for pair in TOGETHER),
    ("suppressive", ("red3,-3",)),
    ("suppressive", ("blue3,-3",)),
    ("band_pass", ("gray4,0", "gray0,4", "gray3,3", "gray3,-3")),
    ("position", ("gray2,0",)),
    ("position", ("blue4,0",)),
    *(("colour", (colour,)) for colour in TINTS),
    ("duplicated", ("gray2,0",)),
    ("trojan", ("red2,2",)),
    ("attractor", ("red2,-2",)),
    ("silent", ()),
    ("constant", ()),
)
HOLDS: Mapping[str, frozenset[str]] = {
    "template": frozenset({"alive", "identification", "alike"}),
    "energy": frozenset({"alive", "identification", "alike"}),
    "any_of": frozenset({"alive", "facets"}),
    "all_of": frozenset({"alive", "identification"}),
    "suppressive": frozenset({"alive", "identification"}),
    "band_pass": frozenset({"alive", "identification"}),
    "position": frozenset({"alive"}),
    "colour": frozenset({"alive", "identification", "alike"}),
    "duplicated": frozenset({"alive"}),
    "trojan": frozenset({"alive", "identification"}),
    "attractor": frozenset({"alive", "identification"}),
}
FAILS: Mapping[str, frozenset[str]] = {
    **{kind: frozenset({"facets"}) for kind in ("template", "energy", "all_of", "colour")},
    **{kind: frozenset({"identification_by_picture"}) for kind in ("trojan", "attractor")},
    **{kind: frozenset({"alive", "identification", "alike", "privileged", "facets"}) for kind in ("silent", "constant")},
}
CELLS = {"trojan": 2, "attractor": 1}
"""Sides of the chequerboards' cells."""
LEAST, BOTH, FAR, GAIN = 0.2, 1.3, 10.0, 8.0
"""Strengths under the first count as none; two things must together exceed the second; what a wrong place takes away; what a chequerboard adds."""
RESTING = 0.5


def circuit(snr: float = 3.0, seed: int = 0) -> Circuit:
    """The units of the table, in the order of `PLANTED`, at a d' of `snr`; `seed` draws their noise."""
    patterns = {thing: pattern(thing) for thing in THINGS}
    patterns |= {f"{thing}'": pattern(thing, np.pi / 2) for thing in ANY_PHASE}
    patterns |= {f"tint {colour}": tint(colour) for colour in TINTS} | {kind: trigger(cell) for kind, cell in CELLS.items()}
    wires = Wires(patterns, len(PLANTED), (PLACE,), seed)
    rows = [_wired(wires, kind, of, f"noise {unit}", snr) for unit, (kind, of) in enumerate(PLANTED)]
    return wires.circuit(rows, np.array([RESTING if kind == "constant" else 0.0 for kind, _ in PLANTED]))


def _wired(wires: Wires, kind: str, of: tuple[str, ...], noise: str, snr: float) -> Row:
    """A unit's weights on gates. Gates are scaled so that things of strength 1 give `snr`."""
    if kind in ("silent", "constant"):
        return {}
    row = {} if kind == "duplicated" else wires.linear(noise, 1.0)
    if kind == "duplicated":
        row = wires.linear("noise 0", 1.0)
    if kind == "colour":
        return row | wires.linear(f"tint {of[0]}", snr)
    if kind == "all_of":
        return row | {wires.gate(dict.fromkeys(of, 1.0), BOTH): snr / (2 - BOTH)}
    if kind == "position":
        return row | {wires.gate({of[0]: 1.0, PLACE: FAR}, FAR + LEAST): snr / (1 - LEAST)}
    if kind == "energy":
        # |cos| + |sin| of a phase is 1.27 on average
        return row | {wires.gate({name: sign}, 0.0): snr / 1.27 for name in (of[0], f"{of[0]}'") for sign in (1.0, -1.0)}
    row |= {wires.gate({thing: 1.0}, LEAST): (-snr if kind == "suppressive" else snr) / (1 - LEAST) for thing in of}
    return row | ({wires.gate({kind: 1.0}, LEAST): GAIN * snr} if kind in CELLS else {})
