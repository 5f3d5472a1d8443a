"""Plain pixels around middle gray or a photograph, of bounded norm: shows what the gradient wants, high frequencies and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.synthesis.canvases._canvas import Parameters, noise
from optogram.synthesis.canvases._given import Picture, hash_of, input_picture
from optogram.synthesis.optimisers import Ascent, Optimiser


@dataclass(frozen=True, slots=True)
class pixel:  # noqa: N801  (a registry's object has its file's name)
    """x = x0 + z within 0..1, the root mean square of z at most `radius` (Erhan, Bengio, Courville & Vincent 2009); `inf` leaves it free.

    x0 is middle gray, or `began`, the photograph given (`synthesize(..., image="cat.jpg")`, `photograph` its hash), where z begins at 0 instead
    of at noise. The picture of a linear unit is x0 and its template at that norm: z = radius w / rms(w), as long as no pixel leaves 0..1.
    """

    deviation: float = 0.01
    radius: float = 0.125
    rate: float = 0.01
    photograph: str = ""
    began: Tensor | None = field(default=None, repr=False, compare=False)
    name: str = field(default="pixel", init=False)
    deviates: bool = field(default=True, init=False, repr=False)

    @property
    def optimiser(self) -> Optimiser:
        """Steps along the gradient of fixed length `rate`, as a root mean square of pixels."""
        return Ascent(self.rate)

    @property
    def size(self) -> tuple[int, int] | None:
        """The photograph's height and width; any without one."""
        return None if self.began is None else (self.began.shape[2], self.began.shape[3])

    def given(self, network: Network, photos: Photos | None, image: Picture | None, size: tuple[int, int] | None) -> pixel:
        """The canvas that begins from this photograph; as it is without one."""
        picture = self.began if image is None else input_picture(network, image, size)
        return self if picture is None else replace(self, began=picture, photograph=hash_of(picture))

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Deviations, [row, channel, height, width]: noise about gray, none from a photograph."""
        return [noise(generators, (channels, height, width), self.deviation if self.began is None else 0.0)]

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1."""
        (deviations,) = parameters
        return (deviations + self._origin(deviations)).clamp(0, 1)

    def project(self, parameters: Parameters) -> None:
        """Shrinks rows whose norm exceeds the radius, and brings pixels back into 0..1."""
        (deviations,) = parameters
        size = deviations.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        origin = self._origin(deviations)
        deviations.mul_((self.radius / size.clamp_min(1e-12)).clamp(max=1)).clamp_(-origin, 1 - origin)

    def write(self, images: Float[Tensor, "row channel height width"]) -> Parameters:
        """These pictures' deviations."""
        return [images - self._origin(images)]

    def _origin(self, like: Tensor) -> Tensor:
        return torch.tensor(0.5, dtype=like.dtype, device=like.device) if self.began is None else self.began.to(like)
