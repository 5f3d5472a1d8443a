"""How many different things drive a unit: pictures that had to differ, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from optogram.network.network import Network
from optogram.synthesis.objectives.diversity import diversity, grams
from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize
from optogram.synthesis.verdict import FAILED

STRONG, ALIKE = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Facets:
    """`pictures`: all that were made; `cosines` [picture, picture]: of their Gram matrices; `kinds`: the number of one picture of each kind."""

    pictures: Synthesis
    cosines: Float[np.ndarray, "picture picture"]
    kinds: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many different pictures drive the unit."""
        return len(self.kinds)


def facets(
    net: Network, address: str, site: str, most: int = 5, weight: float = 1.0, strong: float = STRONG, alike: float = ALIKE, **settings: Any
) -> Facets:
    """Makes `most` pictures of a unit that must differ at `site`, and counts those that do and still drive it.

    From the strongest on, a picture counts if it reaches `strong` times the strongest's response and the cosine of its Gram
    matrix with each one counted before is under `alike`; a picture that failed (its verdict) never does, so that a dead unit
    has none. A lower bound: there may be more than `most`. `settings` go to `synthesize`.
    """
    goals = diversity(net.unit(address), most, net.site(site), weight)
    asked = settings.pop("batch_size", None)
    made = synthesize(net, goals, batch_size=asked and max(most, asked), **settings)
    place = net.site(site)
    with torch.no_grad():
        matrices = grams(place, net.read(place, torch.from_numpy(made.images).to(net.device))).cpu()
    cosines = (matrices @ matrices.T).numpy()
    most_reached = float(made.activations.max())
    least = min(strong * most_reached, most_reached)  # half of what is below zero is more
    kinds: list[int] = []
    for index in np.argsort(-made.activations):
        drives = made.verdict[index] not in FAILED and made.activations[index] >= least
        if drives and all(cosines[index, kind] < alike for kind in kinds):
            kinds.append(int(index))
    return Facets(made, cosines, tuple(kinds))
