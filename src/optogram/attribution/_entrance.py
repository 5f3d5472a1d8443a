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
SCRAP = 7


@dataclass(frozen=True, slots=True)
class Reach:
    """Along one axis: place p sees from `offset + stride p` over `size` pixels (or places of an earlier site); `count` places on `length` of them."""

    offset: int
    size: int
    stride: int
    count: int
    length: int

    def places(self, first: int, last: int) -> tuple[int, int]:
        """The first and last place that see any of these pixels (half-open); where none does, one beside them."""
        low = max(0, -((self.size + self.offset - 1 - first) // self.stride))
        low = min(low, self.count - 1)
        return low, max(low, min(self.count - 1, (last - 1 - self.offset) // self.stride))

    def seen(self, low: int, high: int) -> tuple[int, int]:
        """The pixels that these places see (half-open), from a multiple of the stride on."""
        start = max(0, self.offset + self.stride * low) // self.stride * self.stride
        return start, min(self.length, self.offset + self.stride * high + self.size)

    def fitted(self, spans: list[tuple[int, int]]) -> tuple[list[int], int]:
        """Where crops of one size begin that hold these spans: at multiples of the stride, and so that the border stays the border."""
        most = max(end - start for start, end in spans)
        size = self.length - (self.length - most) // self.stride * self.stride
        return [min(start, self.length - size) for start, _ in spans], size

    def after(self, before: Reach) -> Reach | None:
        """The same places as they see those of an earlier site; `None` where they do not fall on them."""
        steps = (self.offset - before.offset, self.size - before.size, self.stride)
        if any(step % before.stride for step in steps) or self.size < before.size:
            return None
        offset, size, stride = (step // before.stride for step in steps)
        return Reach(offset, size + 1, stride, self.count, before.count)


Way = tuple[Site, tuple[Reach, Reach]]
"""A site, and what its places see along either axis."""


def enterable(question: Question) -> bool:
    """Whether what the network is given of the photographs, resized and cropped, has the size that fields are measured at."""
    preprocess, (height, width) = question.network.preprocess, question.images.shape[2:]
    return question.source is None and (preprocess.output_size or preprocess.resized(height, width)) == question.network.input_size


def affordable(question: Question) -> bool:
    """Whether measuring fields takes no more rows at a time than the question's inner batch, which a memory budget may have chosen."""
    return BUDGET // math.prod(question.network.input_size) + 1 <= question.batch_size


def entrances(question: Question, coarsest: int = COARSEST) -> list[Way]:
    """Sites before the target whose places see boxes of one size at one distance, deepest first, with what they see.

    Those with a place for at least every `coarsest` pixels a side.
    """
    network = question.network
    sites = [
        site
        for site in network.sites(default=False)
        if site.layout == "spatial"
        and site.kind in ("block", "rectifier", "pool")
        and site.order < question.target.order
        and len(site.grid) == 2
        and all(side <= coarsest * count for side, count in zip(network.input_size, site.grid, strict=True))
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


def passed(question: Question, ways: list[Way], responses: Float[Tensor, "batch"]) -> list[Way]:
    """Those sites that everything passes which the target sees of a photograph: entered there, the network answers as to the first one."""
    number = torch.zeros(1, dtype=torch.long, device=responses.device)
    quiet, other = replace(question, advance=lambda more: None), 1 - scrap_of(question.images)
    with torch.no_grad(), question.network.tap(*(site.address for site, _ in ways)) as taps:
        question.network.run(question.images[:1])

    def alike(site: Site) -> bool:
        try:
            return close(entered(quiet, site, taps[site.address], number, other), responses[:1], float(responses[:1].abs().max()))
        except (RuntimeError, ValueError, IndexError):
            return False

    return [way for way in ways if alike(way[0])]


def scrap_of(images: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "1 channel rows columns"]:
    """A corner of a photograph, for what comes before a site that is entered."""
    return images[:1, :, : max(32, images.shape[2] // SCRAP), : max(32, images.shape[3] // SCRAP)]


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
