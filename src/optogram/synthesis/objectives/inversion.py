"""Looks for a picture that a site cannot tell from a photograph: what does the site keep of it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.network.network import Network
from optogram.network.site import Site
from optogram.synthesis.canvases._given import Picture
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._target import Remembered, seen

NEEDS = "needs a network, a site and a photograph: give inversion(net, address, image)"


@dataclass(frozen=True, slots=True)
class Distance(Remembered):
    """-|y - y0|^2 / |y0|^2 over all units and places, y0 a photograph's activations."""

    exact: ClassVar[bool] = True

    @staticmethod
    def measure(terms: Sequence[Distance], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        wanted = torch.stack([term.target.activation for term in terms]).to(activation.device)
        missed = (site.places(activation).float() - wanted).square().sum((1, 2))
        return -missed / wanted.square().sum((1, 2)).clamp_min(1e-12)


def inversion(net: Network, address: str, image: Picture | Tensor) -> Objective:
    """-|y(x) - y(photograph)|^2 / |y(photograph)|^2 (Mahendran & Vedaldi 2015): 0 is a perfect match, -1 as bad as silence.

    Best without transforms (`transforms=()`), since places are to correspond.
    """
    target = seen(net, address, image)
    return Objective(((1.0, Distance(target)),), f"{target.site.address} as on photograph {target.name}")
