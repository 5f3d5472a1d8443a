"""Networks of planted circuits, with what was planted in each unit and the claims that must and must not hold of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from optogram.zoo._templates_module import SIDE as TILE
from optogram.zoo._tiles import ROWS
from optogram.zoo._wires import Circuit

if TYPE_CHECKING:
    from optogram.network.network import Network

Architecture = Literal["cnn", "vit"]
UNITS: Mapping[Architecture, str] = {"cnn": "units", "vit": "fc2"}
"""The site at which units see one tile; at `head` each is its mean over a photograph's tiles."""
SIDE = ROWS * TILE
"""Of the network's images, in pixels."""
Planted = tuple[tuple[str, tuple[str, ...]], ...]
"""Each unit's kind, and the things that it is of."""


@dataclass(frozen=True)
class Truth:
    """A network and what was planted: `site` holds the units of `planted`, in that order; `holds` and `fails` name claims by kind."""

    network: Network
    site: str
    planted: Planted
    holds: Mapping[str, frozenset[str]]
    fails: Mapping[str, frozenset[str]]

    def kind(self, unit: int) -> str:
        """What a unit is."""
        return self.planted[unit][0]

    def must(self, claim: str) -> list[int]:
        """Units of which a claim must hold."""
        return self._of(self.holds, claim)

    def must_not(self, claim: str) -> list[int]:
        """Units of which it must not."""
        return self._of(self.fails, claim)

    def _of(self, table: Mapping[str, frozenset[str]], claim: str) -> list[int]:
        return [unit for unit, (kind, _) in enumerate(self.planted) if claim in table.get(kind, ())]


def network_of(circuit: Circuit, architecture: Architecture, labels: Sequence[str], name: str) -> Network:
    """The circuit as a convolutional network, or as a vision transformer called NAME_vit."""
    from optogram.images.preprocess import Preprocess
    from optogram.network.network import Network
    from optogram.zoo._circuit_modules import Convolutional, Transformer

    module = Convolutional(circuit) if architecture == "cnn" else Transformer(circuit)
    return Network(module.eval(), Preprocess(size=SIDE), labels, name=name if architecture == "cnn" else f"{name}_vit")
