"""Begins from a photograph, in Fourier coefficients: what would have to change for the unit to like it better?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.synthesis.canvases._canvas import Parameters
from optogram.synthesis.canvases._colour import coloured
from optogram.synthesis.canvases._given import Picture, hash_of, input_picture
from optogram.synthesis.canvases._spectrum import real_inverse, spectrum, written
from optogram.synthesis.optimisers import Adam, Optimiser


@dataclass(frozen=True, slots=True, eq=False)
class image:  # noqa: N801  (a registry's object has its file's name)
    """The Fourier canvas, begun at a photograph's own coefficients (Hamblin et al. 2024): z0 = rfft2(C^-1 logit x0) / s.

    Pixels nearer than .01 to black or white begin there. `began` is the photograph in the network's input frame, `photograph`
    its hash. Give it as `synthesize(..., canvas="image", image="cat.jpg")`. Pictures that are to differ begin N(0, `deviation`)
    beside it.
    """

    rate: float = 0.05
    decay: float = 1.0
    deviation: float = 0.01
    photograph: str = ""
    began: Tensor | None = field(default=None, repr=False)
    name: str = field(default="image", init=False)
    from_photograph: bool = field(default=True, init=False, repr=False)

    @property
    def optimiser(self) -> Optimiser:
        """Adam with step `rate`."""
        return Adam(self.rate)

    @property
    def size(self) -> tuple[int, int] | None:
        """The photograph's height and width."""
        return None if self.began is None else (self.began.shape[2], self.began.shape[3])

    def given(self, network: Network, photos: Photos | None, image: Picture | None, size: tuple[int, int] | None) -> image:
        """The canvas that begins from this photograph; `SettingError` without one."""
        picture = self.began if image is None else input_picture(network, image, size)
        if picture is None:
            raise SettingError(NO_PHOTOGRAPH)
        return replace(self, began=picture, photograph=hash_of(picture))

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """The photograph's coefficients in every row, [row, channel, height, width // 2 + 1, 2]; nothing here is random."""
        if self.began is None:
            raise SettingError(NO_PHOTOGRAPH)
        if tuple(self.began.shape[1:]) != (channels, height, width):
            raise SettingError(f"the photograph is {'x'.join(map(str, self.began.shape[1:]))}; the canvas asked for is {channels}x{height}x{width}")
        (coefficients,) = self.write(self.began)
        return [coefficients.repeat(len(generators), 1, 1, 1, 1)]

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1."""
        (coefficients,) = parameters
        return torch.sigmoid(coloured(real_inverse(coefficients * spectrum(height, width, self.decay).to(coefficients), height, width)))

    def project(self, parameters: Parameters) -> None:
        """Nothing: every coefficient is allowed."""

    def write(self, images: Float[Tensor, "row channel height width"]) -> Parameters:
        """The coefficients of these pictures; pixels nearer than .01 to black or white are written there."""
        return written(images, self.decay)


NO_PHOTOGRAPH = 'the canvas "image" begins from a photograph: give image="cat.jpg" or an array [height, width, 3] (command line: --image cat.jpg)'
