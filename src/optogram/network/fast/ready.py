"""A network in the form in which it answers fastest: made once, kept with the network for its next question.

A private copy of the weights in the layout that convolutions are fastest in, batch norms folded into them (`fold.py`), gradients at
the pixels made cheaper (`cheap_gradients.py`). Whoever asks compares `weights` with the network's own hash, which takes time and
can be found while the copy computes, and asks again where it was a copy of weights that have changed since.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from optogram.errors import AddressError

if TYPE_CHECKING:
    from optogram.network.network import Network

MOST_BYTES = 256 << 20
"""Larger networks are not held twice."""


@dataclass(slots=True)
class Ready:
    """The copy, the module whose wiring it follows, and the hash of the weights that it was made of, once that is known."""

    worker: Network
    module: nn.Module
    weights: str | None = None

    def is_of(self, weights: str) -> bool:
        """Whether it has the weights of that hash; of a copy that was made just now they are."""
        if self.weights is None:
            self.weights = weights
        return self.weights == weights


def ready(net: Network, reads: Collection[str]) -> Ready | None:
    """The kept copy, if the sites `reads` can be read in it; nothing for networks without convolutions and for large ones."""
    with net._lock:
        module = net._followed()
        if net._ready is None or net._ready.module is not module:
            net._ready = _made(net, module)
    found = net._ready
    if found is None:
        return None
    try:
        with found.worker.tap(*reads):
            return found
    except AddressError:
        return None


def forget(net: Network) -> None:
    """The next question gets a new copy."""
    net._ready = None


def _made(net: Network, module: nn.Module) -> Ready | None:
    layers = list(module.modules())
    size = sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())
    if size > MOST_BYTES or not any(isinstance(layer, nn.Conv2d) for layer in layers):
        return None
    return Ready(net.worker(channels_last=True, reads=[site.address for site in net.sites()], gradients=True), module)
