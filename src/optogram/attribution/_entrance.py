"""Entering a network at one of its early sites with activations made elsewhere: where that can be, and what each place there sees."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution._question import Question
from optogram.network.influence import BUDGET
from optogram.network.receptive_field import fields_of
from optogram.network.site import Site

COARSEST = 8
"""Sites with a place for at least every so many pixels are early."""
TOLERANCE = 2e-5


@dataclass(frozen=True, slots=True)
class Reach:
    """Along one axis: place p sees from `offset + stride p` over `size` pixels; `count` places on `length` pixels, of which `crop` are enough."""

    offset: int
    size: int
    stride: int
    count: int
    length: int
    crop: int = 0

    def places(self, first: int, last: int) -> tuple[int, int]:
        """The first and last place that see any of these pixels (half-open)."""
        low = -((self.size + self.offset - 1 - first) // self.stride)
        return max(0, low), min(self.count - 1, (last - 1 - self.offset) // self.stride)

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """The pixels that those places see, from a multiple of the stride on."""
        low, high = self.places(first, last)
        start = max(0, self.offset + self.stride * low) // self.stride * self.stride
        return start, min(self.length, self.offset + self.stride * high + self.size)

    def start(self, first: int, last: int) -> int:
        """Where a crop begins that holds them: at a multiple of the stride, and so that the image's border stays the border."""
        return min(self.needed(first, last)[0], self.length - self.crop)

    def fitted(self, windows: list[tuple[int, int]]) -> Reach:
        """With the crop that is enough for every one of these windows."""
        spans = (self.needed(*window) for window in windows)
        most = max(end - start for start, end in spans)
        return replace(self, crop=self.length - (self.length - most) // self.stride * self.stride)


def enterable(question: Question) -> bool:
    """Whether the photographs are what the network is given: neither resized nor cropped, of the size that fields are measured at."""
    network, (height, width) = question.network, question.images.shape[2:]
    same = network.preprocess.resized(height, width) == (height, width) and network.preprocess.output_size in (None, (height, width))
    return question.source is None and same and network.input_size == (height, width)


def affordable(question: Question) -> bool:
    """Whether measuring fields takes no more rows at a time than the question's inner batch, which a memory budget may have chosen."""
    return BUDGET // question.images[0, 0].numel() + 1 <= question.batch_size


def entrances(question: Question) -> list[tuple[Site, tuple[Reach, Reach]]]:
    """Early sites before the target whose places see boxes of one size at one distance, deepest first, with what they see."""
    network = question.network
    sites = [
        site
        for site in network.sites(default=False)
        if site.layout == "spatial"
        and site.kind in ("block", "rectifier", "pool")
        and site.order < question.target.order
        and len(site.grid) == 2
        and all(side <= COARSEST * count for side, count in zip(network.input_size, site.grid, strict=True))
        and "/" not in site.address
        and "~" not in site.address
    ]
    found = []
    for address, field in fields_of(network, sites).items() if sites else ():
        rows, columns = (_span(extents) for extents in (field.rows, field.columns))
        if field.regular and rows is not None and columns is not None:
            site = next(one for one in sites if one.address == address)
            (down, across), (height, width) = site.grid, network.input_size
            found.append((site, (Reach(*rows, down, height), Reach(*columns, across, width))))
    return sorted(found, key=lambda pair: -pair[0].order)


def entered(
    question: Question,
    site: Site,
    activations: Float[Tensor, "row unit rows columns"],
    photo: Int[Tensor, "row"],
    scrap: Float[Tensor, "1 channel height width"],
) -> Float[Tensor, "row"]:
    """The responses when the network goes on from these activations at the site; what comes before it sees a scrap of a photograph."""
    with torch.no_grad(), question.network.tap(*question.target.addresses, edits={site.address: lambda raw: activations}) as taps:
        question.network.run(scrap, "input")
        found, _ = question.read(taps, photo)
    question.advance(len(photo))
    return found


def close(one: Tensor, other: Tensor, scale: float) -> bool:
    """Whether answers are the same up to rounding, which is what makes a way around whole passes right."""
    return one.shape == other.shape and bool((one - other).abs().max() <= TOLERANCE * max(scale, math.ulp(1.0)))


def _span(extents: Iterable[object]) -> tuple[int, int, int] | None:
    """Offset, size and stride of all units together."""
    strides = {getattr(extent, "stride", 0) for extent in extents}
    if len(strides) != 1 or 0 in strides:
        return None
    first = min(getattr(extent, "offset", 0) for extent in extents)
    last = max(getattr(extent, "offset", 0) + getattr(extent, "size", 0) for extent in extents)
    return first, last - first, strides.pop()
