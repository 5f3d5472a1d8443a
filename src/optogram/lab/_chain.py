"""How many layers with weights lie one behind the other between the pixels and a site: branches that run side by side count once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from optogram.network.network import Network
from optogram.network.site import Site


def chains(network: Network) -> dict[str, int]:
    """By the address of each layer with weights, itself counted: the longest chain, found by which layers' answers reach it through no other.

    One pass in which every such layer's answer is cut off from what made it, and a backward pass from each to those before.
    """
    layers = [site for site in network.sites(default=False) if site.affine == site.address]
    made: dict[str, Tensor] = {}
    given: dict[str, Tensor] = {}

    def cut(address: str) -> Callable[[Tensor], Tensor]:
        def edit(raw: Tensor) -> Tensor:
            made[address], given[address] = raw, raw.detach().requires_grad_()
            return given[address].clone()

        return edit

    image = torch.rand(1, network.channels, *network.input_size, generator=torch.Generator().manual_seed(0))
    with torch.enable_grad(), network.tap(layers[-1].address, edits={site.address: cut(site.address) for site in layers}):
        network.run(image, "input")
    found: dict[str, int] = {}
    for site in layers:
        found[site.address] = 1 + max((found[before] for before in _feeding(made[site.address], given, list(found))), default=0)
    return found


def steps(network: Network, sites: Sequence[Site]) -> list[int]:
    """The longest chain up to each site; 0 at the input."""
    known = chains(network)
    order = {site.address: site.order for site in network.sites(default=False)}
    return [
        known[site.affine] if site.affine in known else max((count for name, count in known.items() if order[name] <= site.order), default=0)
        for site in sites
    ]


def _feeding(answer: Tensor, given: dict[str, Tensor], earlier: list[str]) -> list[str]:
    if not earlier or not answer.requires_grad:
        return []
    slopes = torch.autograd.grad(answer.sum(), [given[name] for name in earlier], allow_unused=True, retain_graph=True)
    return [name for name, slope in zip(earlier, slopes, strict=True) if slope is not None]
