"""Circuits as weights of three layers: what is read off a tile, sums of that which are rectified, and units, which are sums of those.

`read` gives how strongly each thing is in a tile (dual templates, so that things do not leak into each other) and each unit's noise: the tile's
pixels seen through a random filter that no thing drives, of standard deviation 1. All truth is in weights, so that an untrained twin has none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from optogram.zoo._templates_module import SIDE
from optogram.zoo._tiles import NOISE, ROWS

ROW, COLUMN = np.mgrid[:ROWS, :ROWS]
PLACES: Mapping[str, Float[np.ndarray, "row column"]] = {
    "top": (ROW == 0).astype(np.float64),
    "bottom": (ROW == ROWS - 1).astype(np.float64),
    "left": (COLUMN == 0).astype(np.float64),
    "right": (COLUMN == ROWS - 1).astype(np.float64),
    "corner": ((ROW == 0) & (COLUMN == 0)).astype(np.float64),
}
"""Maps that say where a tile lies: 1 there, 0 elsewhere."""
Row = dict[int, float]
"""A unit's weights on gates, by their numbers."""


@dataclass(frozen=True)
class Circuit:
    """Weights of the three layers. `center` is what each channel of `read` gives to middle gray; the last channels of `gate` are `places`."""

    read: Float[np.ndarray, "channel 3 12 12"]
    center: Float[np.ndarray, " channel"]
    places: Float[np.ndarray, "place 3 3"]
    gate: Float[np.ndarray, "hidden channel_and_place"]
    gate_bias: Float[np.ndarray, " hidden"]
    units: Float[np.ndarray, "unit hidden"]
    units_bias: Float[np.ndarray, " unit"]


class Wires:
    """Rectified sums of channels, each made once: `gates` are (weights [channel], threshold).

    Channels are `patterns`, a noise of each unit ("noise 0", ...) drawn from `seed`, and `places`.
    """

    def __init__(self, patterns: Mapping[str, Float[np.ndarray, "3 12 12"]], units: int, places: Sequence[str], seed: int) -> None:
        flat = np.stack([one.ravel() for one in patterns.values()])
        inverse = np.linalg.pinv(flat)
        noises = np.random.default_rng(seed).standard_normal((units, flat.shape[1]))
        noises -= noises @ inverse @ flat
        noises /= NOISE * np.linalg.norm(noises, axis=1, keepdims=True)
        self.read = np.concatenate([inverse.T, noises]).reshape(-1, 3, SIDE, SIDE)
        self.places = np.array([PLACES[place] for place in places]).reshape(-1, ROWS, ROWS)
        self.channels = [*patterns, *(f"noise {unit}" for unit in range(units)), *places]
        self.gates: list[tuple[np.ndarray, float]] = []
        self.known: dict[tuple[object, ...], int] = {}

    def gate(self, weights: Mapping[str, float], threshold: float) -> int:
        """The number of relu(sum of weights times channels - threshold)."""
        key = (*sorted(weights.items()), threshold)
        if key not in self.known:
            row = np.zeros(len(self.channels))
            row[[self.channels.index(name) for name in weights]] = list(weights.values())
            self.known[key] = len(self.gates)
            self.gates.append((row, threshold))
        return self.known[key]

    def linear(self, name: str, weight: float) -> Row:
        """A channel as it is, by two gates."""
        return {self.gate({name: 1.0}, 0.0): weight, self.gate({name: -1.0}, 0.0): -weight}

    def circuit(self, rows: Iterable[Row], bias: Float[np.ndarray, " unit"]) -> Circuit:
        """The weights of units that are these sums of gates."""
        wired = list(rows)
        units = np.zeros((len(wired), len(self.gates)))
        for unit, row in enumerate(wired):
            for hidden, weight in row.items():
                units[unit, hidden] += weight
        gates, thresholds = (np.array(part) for part in zip(*self.gates, strict=True))
        return Circuit(self.read, self.read.sum(axis=(1, 2, 3)) / 2, self.places, gates, -thresholds, units, bias)
