"""Networks of the planted circuit, with the addresses of their units and the photographs that they are asked about."""

from __future__ import annotations

from optogram.zoo._circuit import FAILS, HOLDS, PLANTED, circuit
from optogram.zoo._truth import UNITS, Architecture, Truth, network_of


def truth(architecture: Architecture = "cnn", snr: float = 3.0, seed: int = 0) -> Truth:
    """The planted circuit at a d' of `snr`, as a convolutional network or as a vision transformer; photographs are `_tiles.draw`."""
    labels = tuple(f"{kind} {' '.join(of)}".strip() for kind, of in PLANTED)
    return Truth(network_of(circuit(snr, seed), architecture, labels, "circuits"), UNITS[architecture], PLANTED, HOLDS, FAILS)
