"""Networks of the planted circuit, with the addresses of their units and the photographs that they are asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from optogram.zoo._circuit import FAILS, HOLDS, PLANTED, circuit

if TYPE_CHECKING:
    from optogram.network.network import Network

Architecture = Literal["cnn", "vit"]
SIDE = 36
"""Of the network's images, in pixels."""


@dataclass(frozen=True)
class Truth:
    """A network and what was planted: `site` holds the units of `PLANTED`, in that order."""

    network: Network
    site: str

    def kind(self, unit: int) -> str:
        """What a unit is."""
        return PLANTED[unit][0]

    def must(self, claim: str) -> list[int]:
        """Units of which a claim must hold."""
        return [unit for unit, (kind, _) in enumerate(PLANTED) if claim in HOLDS.get(kind, ())]

    def must_not(self, claim: str) -> list[int]:
        """Units of which it must not."""
        return [unit for unit, (kind, _) in enumerate(PLANTED) if claim in FAILS.get(kind, ())]


def truth(architecture: Architecture = "cnn", snr: float = 3.0, seed: int = 0) -> Truth:
    """The planted circuit at a d' of `snr`, as a convolutional network or as a vision transformer; photographs are `_tiles.draw`."""
    from optogram.images.preprocess import Preprocess
    from optogram.network.network import Network
    from optogram.zoo._circuit_modules import Convolutional, Transformer

    weights = circuit(snr, seed)
    module = Convolutional(weights) if architecture == "cnn" else Transformer(weights)
    labels = tuple(f"{kind} {' '.join(of)}".strip() for kind, of in PLANTED)
    name = "circuits" if architecture == "cnn" else "circuits_vit"
    return Truth(Network(module.eval(), Preprocess(size=SIDE), labels, name=name), "units" if architecture == "cnn" else "fc2")
