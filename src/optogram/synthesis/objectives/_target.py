"""What a site does on a photograph: a tensor to be matched or exaggerated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import torch
from torch import Tensor

from optogram.network.network import Network
from optogram.network.site import Site
from optogram.synthesis.canvases._given import Picture, input_picture


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Activations of one photograph [unit, place], the photograph's size in the input frame, and a hash that names them."""

    site: Site
    activation: Tensor = field(repr=False)
    size: tuple[int, int]
    name: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """A term that holds a photograph's activations against the picture's."""

    target: Seen

    @property
    def site(self) -> Site:
        """Where it is read."""
        return self.target.site

    @property
    def size(self) -> tuple[int, int]:
        """Places correspond for a picture of the photograph's size only."""
        return self.target.size


def seen(net: Network, address: str, image: Picture | Tensor) -> Seen:
    """What a site does on a photograph (a file, an array [height, width, 3], or a tensor [1, channel, height, width] of the input frame)."""
    picture = image if isinstance(image, Tensor) else input_picture(net, image)
    site = net.site(address)
    with torch.no_grad():
        activation = site.places(net.read(site, picture.to(net.device)))[0].float().clone()
    return Seen(site, activation, (picture.shape[2], picture.shape[3]), named(activation))


def named(tensor: Tensor) -> str:
    """Eight hexadecimal digits that name what a site does on a photograph."""
    return hashlib.blake2b(tensor.cpu().numpy().tobytes(), digest_size=4).hexdigest()
