"""Exaggerates what a site sees in a photograph, place by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.network.network import Network
from optogram.network.site import Site
from optogram.synthesis.canvases._given import Picture
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._target import Remembered, seen
from optogram.synthesis.objectives.cosine_dot import LEAST

NEEDS = "needs a network, a site and a photograph: give caricature(net, address, image)"


@dataclass(frozen=True, slots=True)
class Likeness(Remembered):
    """The mean over places of <y, y0> max(.1, cos(y, y0))^power, y0 a photograph's activations at the same place."""

    power: float

    @staticmethod
    def measure(terms: Sequence[Likeness], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        wanted = torch.stack([term.target.activation for term in terms]).to(activation.device)
        places = site.places(activation).float()
        dot = (places * wanted).sum(1)
        lengths = torch.linalg.vector_norm(places, dim=1) * torch.linalg.vector_norm(wanted, dim=1)
        cosine = (dot / lengths.clamp_min(1e-12)).clamp_min(LEAST)
        powers = torch.tensor([[term.power] for term in terms], device=places.device)
        likeness: Tensor = (dot * torch.pow(cosine, powers)).mean(1)
        return likeness


def caricature(net: Network, address: str, image: Picture | Tensor, power: float = 1.0) -> Objective:
    """mean over places of <y(x), y(photograph)> max(.1, cos)^power (after Lucid's caricatures, Olah & Mordvintsev 2018)."""
    target = seen(net, address, image)
    return Objective(((1.0, Likeness(target, power)),), f"{target.site.address} caricature of photograph {target.name}")
