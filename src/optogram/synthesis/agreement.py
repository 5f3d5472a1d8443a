"""Whether pictures from other starts say the same about a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.synthesis.alike import agreed
from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize


@dataclass(frozen=True, slots=True)
class Agreement:
    """`same` [unit]: mean correlation of a unit's pictures among seeds. `other` [unit]: of its pictures with other units' (the control).

    Pictures are compared by what they do to all units of the site, so that position and phase do not count.
    """

    units: tuple[str, ...]
    same: Float[np.ndarray, " unit"]
    other: Float[np.ndarray, " unit"]
    pictures: tuple[Synthesis, ...]

    def line(self, index: int) -> str:
        """One unit in words."""
        control = f"with other units' pictures: {self.other[index]:.2f}"
        return f"{self.units[index]}   {len(self.pictures)} seeds agree to {self.same[index]:.2f} ({control})"


def agreement(net: Network, units: Sequence[str], seeds: int = 3, **settings: Any) -> Agreement:
    """Makes the pictures of at least two units of one site from several starts; `settings` go to `synthesize`, which has `seeds=` for any units."""
    found = [net.unit(address) for address in units]
    if len({unit.site.address for unit in found}) != 1 or len(found) < 2 or seeds < 2:
        raise SettingError(f"agreement compares at least 2 units of one site over at least 2 seeds; got {len(found)} units and {seeds} seeds")
    made = tuple(synthesize(net, units, seed=seed, **settings) for seed in range(seeds))
    same, other = agreed(net, found[0].site.address, np.stack([one.images for one in made]))
    return Agreement(made[0].units, same, other, made)
