"""Raises what in a photograph speaks for a unit: a site's units, each as much as it contributed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.network.site import Site, Unit
from optogram.synthesis.canvases._given import Picture, input_picture
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response
from optogram.synthesis.objectives._target import named

NEEDS = "needs a unit, a site before it and a photograph: give attribution_weighted(net, address, site, image)"


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """sum over units and places of weight y; with one weight a unit, of the mean of y over places."""

    site: Site
    weights: Tensor = field(repr=False)
    size: tuple[int, int] | None

    @staticmethod
    def measure(terms: Sequence[Weighted], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        places = site.places(activation).float()
        rows = [places[row] if term.size else places[row].mean(1, keepdim=True) for row, term in enumerate(terms)]
        return torch.stack([(row * term.weights.to(row.device)).sum() for row, term in zip(rows, terms, strict=True)])


def attribution_weighted(net: Network, address: str, site: str, image: Picture | Tensor, by_place: bool = True) -> Objective:
    """sum over a site's units u and places p of a[u, p] y[u, p], a = y0 dr / dy0, the share of each in the unit's response r to a photograph.

    Gradient times activation at the site (the weights of Olah et al. 2018, "The building blocks of interpretability"). `by_place`: places
    correspond, for a picture of the photograph's size; otherwise a is summed over places and y averaged, so that the picture is free.
    `SettingError` where nothing at the site contributes.
    """
    target, place = net.unit(address), net.site(site)
    picture = image if isinstance(image, Tensor) else input_picture(net, image)
    shares = contributions(net, target, place, picture.to(net.device))
    if not bool((shares != 0).any()):
        raise SettingError(f"nothing at {place.address} contributes to {target.address} here; choose a site before it, or another photograph")
    weights, size = (shares, (picture.shape[2], picture.shape[3])) if by_place else (shares.sum(1, keepdim=True), None)
    name = f"{place.address} by its part in {target.address} on photograph {named(shares)}{'' if by_place else ', anywhere'}"
    return Objective(((1.0, Weighted(place, weights, size)),), name)


def contributions(net: Network, target: Unit, site: Site, picture: Float[Tensor, "1 channel height width"]) -> Float[Tensor, "unit place"]:
    """y0 dr / dy0 at a site [unit, place], r the target's mean over places or its neuron."""
    term = Response(target, "mean" if target.place is None else target.place)
    source: list[Tensor] = []

    def begin(activation: Tensor) -> Tensor:
        source.append(activation.detach().clone().requires_grad_())
        return source[0].clone()  # the network may write into what it is given

    with torch.enable_grad(), net.tap(target.site.address, site.address, edits={site.address: begin}) as taps:
        net.run(picture, "input")
        response = Response.measure([term], target.site, taps[target.site.address])
        slope = torch.autograd.grad(response.sum(), source, allow_unused=True)[0] if response.requires_grad and source else None
    if slope is None:
        raise SettingError(f"{target.address} does not depend on {site.address}: choose a site before it")
    return site.places(slope * source[0].detach())[0].float()
