"""Nothing but pieces of photographs: which ones, and where, is all that is chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from optogram.errors import SettingError
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.synthesis.canvases._canvas import Parameters, noise
from optogram.synthesis.canvases._natural import sampled
from optogram.synthesis.optimisers import Adam, Optimiser

NO_PHOTOGRAPHS = 'the canvas "patches" is made of photographs: give photos=og.open_images(folder) (command line: --photos folder)'


@dataclass(frozen=True, slots=True, eq=False)
class patches:  # noqa: N801  (a registry's object has its file's name)
    """x = sum over tiles t of window_t sum_k softmax(z_t)_k patch_k, and at the end the likeliest patch of each tile alone.

    `count` patches of `side` pixels, cut at random places from the first 128 photographs, on tiles that overlap by `overlap` of a side, under windows
    that add up to 1. `project` multiplies z by `growth` after each step, so that mixtures become choices. No picture leaves what photographs
    hold, where learned priors (Nguyen et al. 2016) add what their generator knows. Costs `count` multiplications a pixel and channel.
    """

    count: int = 256
    side: int = 16
    overlap: float = 0.25
    deviation: float = 0.2
    rate: float = 0.2
    growth: float = 1.01
    photographs: int = 0
    sample: tuple[Tensor, ...] = field(default=(), repr=False)
    name: str = field(default="patches", init=False)
    from_photographs: bool = field(default=True, init=False, repr=False)
    _known: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)

    @property
    def optimiser(self) -> Optimiser:
        """Adam with step `rate`."""
        return Adam(self.rate)

    def given(self, network: Network, photos: Photos | None, image: object, size: object) -> patches:
        """The canvas with patches of these photographs; `SettingError` without any."""
        if photos is None and not self.sample:
            raise SettingError(NO_PHOTOGRAPHS)
        if photos is None:
            return self
        sample = sampled(photos, network)
        return replace(self, photographs=sum(map(len, sample)), sample=sample)

    def start(self, generators: Sequence[torch.Generator], channels: int, height: int, width: int) -> Parameters:
        """Mixtures of all patches, [row, tile, patch]."""
        found = self.patches()
        if found.shape[1] != channels:
            raise SettingError(f"the photographs have {found.shape[1]} channels, the picture {channels}: og.open_images(..., channels={channels})")
        tiles = math.prod(tile_counts(height, width, found.shape[2], self.overlap))
        return [noise(generators, (tiles, len(found)), self.deviation)]

    def draw(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1, of mixtures."""
        (scores,) = parameters
        return self._assembled(torch.softmax(scores, 2), height, width)

    def final(self, parameters: Parameters, height: int, width: int) -> Float[Tensor, "row channel height width"]:
        """The pictures, 0..1, of one patch a tile."""
        (scores,) = parameters
        return self._assembled(F.one_hot(scores.argmax(2), scores.shape[2]).to(scores.dtype), height, width)

    def project(self, parameters: Parameters) -> None:
        """Brings mixtures nearer to choices."""
        (scores,) = parameters
        scores.sub_(scores.mean(2, keepdim=True)).mul_(self.growth)

    def patches(self) -> Float[Tensor, "patch channel side side"]:
        """The dictionary, 0..1."""
        if "patches" not in self._known:
            if not self.sample:
                raise SettingError(NO_PHOTOGRAPHS)
            self._known["patches"] = cut(self.sample, self.count, self.side)
        return self._known["patches"]

    def _assembled(self, shares: Float[Tensor, "row tile patch"], height: int, width: int) -> Float[Tensor, "row channel height width"]:
        found = self.patches().to(shares)
        side, ramp = found.shape[2], ramp_of(found.shape[2], self.overlap)
        tall, wide = tile_counts(height, width, side, self.overlap)
        edge = window(side, ramp).to(found)
        pieces = shares @ (found * edge[:, None] * edge).flatten(1)
        step = side - ramp
        frame = (tall * step + ramp, wide * step + ramp)
        picture: Tensor = F.fold(pieces.transpose(1, 2), frame, side, stride=step)
        return picture[:, :, ramp : ramp + height, ramp : ramp + width].clamp(0, 1)


def ramp_of(side: int, overlap: float) -> int:
    """Pixels by which neighbouring tiles overlap."""
    return min(side // 2, round(side * overlap))


def tile_counts(height: int, width: int, side: int, overlap: float) -> tuple[int, int]:
    """How many tiles down and across: the picture ends where the first and last tiles' ramps do."""
    ramp = ramp_of(side, overlap)
    down, across = (max(1, math.ceil((length + ramp) / (side - ramp))) for length in (height, width))
    return down, across


def window(side: int, ramp: int) -> Float[Tensor, " side"]:
    """1 in the middle, sin^2 over `ramp` pixels at both ends, so that overlapping windows add up to 1."""
    edge = torch.sin(torch.pi / 2 * (torch.arange(ramp) + 0.5) / max(1, ramp)).square()
    return torch.cat([edge, torch.ones(side - 2 * ramp), edge.flip(0)])


def cut(sample: Sequence[UInt8[Tensor, "photo channel _ _"]], count: int, side: int) -> Float[Tensor, "patch channel side side"]:
    """`count` squares at random places of photographs in turn, 0..1; smaller where a photograph is."""
    random = torch.Generator().manual_seed(0)
    photographs = [photograph for batch in sample for photograph in batch]
    side = min(side, *(length for photograph in photographs for length in photograph.shape[1:]))
    found = []
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        top, left = (int(torch.randint(length - side + 1, (), generator=random)) for length in photograph.shape[1:])
        found.append(photograph[:, top : top + side, left : left + side])
    return torch.stack(found).float() / 255
