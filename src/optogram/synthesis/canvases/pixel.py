"""Plain pixels around middle gray, of bounded norm: shows what the gradient wants, high frequencies and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.canvases._canvas import Parameters, noise
from optogram.synthesis.optimisers import Ascent, Optimiser


@dataclass(frozen=True, slots=True)
class pixel:  # noqa: N801  (a registry's object has its file's name)
    """x = 1/2 + z within 0..1, the root mean square of z at most `radius` (Erhan, Bengio, Courville & Vincent 2009); `inf` leaves it free.

    The picture of a linear unit is its template at that norm: z = radius w / rms(w), as long as no pixel leaves 0..1.
    """

    deviation: float = 0.01
    radius: float = 0.125
    rate: float = 0.01
    name: str = field(default="pixel", init=False)
    deviates: bool = field(default=True, init=False, repr=False)

    @property
    def optimiser(self) -> Optimiser:
        """Steps along the gradient of fixed length `rate`, as a root mean square of pixels."""
        return Ascent(self.rate)

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Deviations from gray, [row, channel, height, width]."""
        return [noise(generators, (channels, height, width), self.deviation)]

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1."""
        (deviations,) = parameters
        return (deviations + 0.5).clamp(0, 1)

    def project(self, parameters: Parameters) -> None:
        """Shrinks rows whose norm exceeds the radius, and brings pixels back into 0..1."""
        (deviations,) = parameters
        size = deviations.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        deviations.mul_((self.radius / size.clamp_min(1e-12)).clamp(max=1)).clamp_(-0.5, 0.5)
