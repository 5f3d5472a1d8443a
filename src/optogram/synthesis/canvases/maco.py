"""Phases alone: the magnitude of every frequency is that of the user's own photographs, so that no picture is made of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.synthesis.canvases._canvas import Parameters
from optogram.synthesis.canvases._colour import coloured, decorrelated
from optogram.synthesis.canvases._natural import mean_magnitude, sampled
from optogram.synthesis.canvases._spectrum import real_inverse, spectrum
from optogram.synthesis.optimisers import Nadam, Optimiser


@dataclass(frozen=True, slots=True, eq=False)
class maco:  # noqa: N801  (a registry's object has its file's name)
    """x = sigmoid(C irfft2(m e^(i phi))), phi the parameters, m the photographs' mean magnitude (Fel et al. 2023).

    m is the mean over photographs of |rfft2(C^-1 logit x)|, C the colour matrix of the Fourier canvas, so that a photograph's own
    phases give a photograph of usual contrast without further scaling (the paper standardises each picture instead).
    Without photographs m is 1 / f at a root mean square of 1, and the provenance says `photographs=0`: give
    `synthesize(..., photos=og.open_images(folder))`. Costs one inverse FFT a picture.
    """

    rate: float = 0.1
    photographs: int = 0
    sample: tuple[Tensor, ...] = field(default=(), repr=False)
    name: str = field(default="maco", init=False)
    _known: dict[tuple[int, int, int], Tensor] = field(default_factory=dict, init=False, repr=False)

    @property
    def optimiser(self) -> Optimiser:
        """Nadam with steps of about `rate`, in radians; the paper's is 1, which never comes quite to rest."""
        return Nadam(self.rate)

    def given(self, network: Network, photos: Photos | None, image: object, size: object) -> maco:
        """The canvas with the spectrum of the first 128 photographs; as it is without any."""
        if photos is None:
            return self
        sample = sampled(photos, network)
        return replace(self, photographs=sum(map(len, sample)), sample=sample)

    def magnitude(self, channels: int, height: int, width: int) -> Float[Tensor, "channel height half"]:
        """The magnitude of each coefficient."""
        key = (channels, height, width)
        if key not in self._known:
            self._known[key] = mean_magnitude(self.sample, height, width) if self.sample else natural(channels, height, width)
        return self._known[key]

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Phases uniform on the circle, [row, channel, height, width // 2 + 1]."""
        shape = (channels, height, width // 2 + 1)
        return [torch.stack([torch.rand(shape, generator=generator) for generator in generators]) * (2 * torch.pi) - torch.pi]

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1."""
        (phases,) = parameters
        magnitude = self.magnitude(phases.shape[1], height, width).to(phases)
        return torch.sigmoid(coloured(real_inverse(torch.stack([phases.cos() * magnitude, phases.sin() * magnitude], -1), height, width)))

    def project(self, parameters: Parameters) -> None:
        """Nothing: every phase is allowed."""

    def phases(self, images: Float[Tensor, "row channel height width"]) -> Parameters:
        """The parameters whose pictures have these images' phases."""
        return [torch.fft.rfft2(decorrelated(images), norm="ortho").angle()]


def natural(channels: int, height: int, width: int) -> Float[Tensor, "channel height half"]:
    """1 / f without a mean, alike in all channels, so that pictures have a root mean square of 1 before the colour matrix."""
    weights = spectrum(height, width)[:, :, 0].clone()
    weights[0, 0] = 0
    twice = torch.full_like(weights, 2)
    twice[:, 0] = 1
    if width % 2 == 0:
        twice[:, -1] = 1
    size = ((weights.square() * twice).sum() / (height * width)).sqrt()
    return (weights / size).expand(channels, -1, -1).contiguous()
