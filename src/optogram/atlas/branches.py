"""Which sites a site reads directly: the network's branches, as the viewer draws them beside its sites.

Every site's activation is replaced by a copy that no gradient passes. What then still connects two sites is what the later one reads without another
site between: the next layer, or a branch around some layers. Cost: one forward pass of one image, and one short backward pass a site.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from optogram.network.network import Network
    from optogram.network.site import Site


def branches(network: Network, sites: Sequence[Site]) -> dict[str, list[str]]:
    """For each site the addresses, in execution order, of those of `sites` that it reads directly.

    Connected means by the graph of what was computed, not by how much: a unit that is silent today is read all the same.
    Raises what a network raises through which no gradient can be followed.
    """
    ordered = sorted(sites, key=lambda site: site.order)
    made: dict[str, Tensor] = {}
    given: dict[str, Tensor] = {}

    def cut(address: str) -> Callable[[Tensor], Tensor]:
        def edit(raw: Tensor) -> Tensor:
            made[address] = raw
            given[address] = raw.detach().clone().requires_grad_()
            return given[address] * 1  # what the network later overwrites is this copy

        return edit

    shown = torch.rand(1, network.channels, *network.input_size, generator=torch.Generator().manual_seed(0)).to(network.device)
    with torch.enable_grad(), network.tap(ordered[-1].address, edits={site.address: cut(site.address) for site in ordered}):
        network.run(shown, "input")
    return {site.address: _read(site.address, made, given) for site in ordered}


def _read(address: str, made: dict[str, Tensor], given: dict[str, Tensor]) -> list[str]:
    """The sites that one site's activation was computed from, of those met before it."""
    reached = made.get(address)
    if reached is None or not reached.requires_grad:
        return []
    others = [other for other in given if other != address]
    found = torch.autograd.grad(reached.sum(), [given[other] for other in others], retain_graph=True, allow_unused=True)
    return [other for other, gradient in zip(others, found, strict=True) if gradient is not None]
