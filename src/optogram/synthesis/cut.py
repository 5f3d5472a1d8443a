"""The smallest view on which a neuron behaves as on the whole image: its receptive field, in step with the strides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from optogram.geometry import Box
from optogram.network.network import Network
from optogram.network.receptive_field import field_of
from optogram.network.site import Unit
from optogram.synthesis.objectives._response import Response

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """`canvas`: the field's height and width. `view`: the cut-out's. `place`: the neuron's in it. `shift`: from the view's middle to the field's."""

    canvas: Pair
    view: Pair
    place: Pair
    shift: tuple[float, float]


def cut_out(net: Network, neuron: Response, most: int, known: dict[object, Cut | None]) -> Cut | None:
    """The cut, or `None` where the field leaves the image, is larger than `most` pixels or the image, or does not hold.

    `known` keeps what was found for a site, place and field: units that share them share the answer.
    """
    site = neuron.site
    place = site.centre() if neuron.where == "centre" else neuron.where
    if not isinstance(place, tuple) or len(place) != 2 or neuron.unit.head:
        return None
    box = net.receptive_field(Unit(site, neuron.unit.index, place).address)
    height, width = net.input_size
    if box.clipped or box != box.within(height, width) or max(box.height, box.width) > most or (box.height >= height and box.width >= width):
        return None
    key = (site.address, place, box)
    if key not in known:
        known[key] = _tried(net, neuron, place, box)
    return known[key]


def _tried(net: Network, neuron: Response, place: Pair, box: Box) -> Cut | None:
    """The view begins at a multiple of the site's stride, so that the grid of places stays in step; then it is tried, not trusted."""
    strides = field_of(net, neuron.site).stride
    if strides is None or min(strides) < 1:
        return None
    top, left = (edge // stride * stride for edge, stride in zip((box.top, box.left), strides, strict=True))
    view = (box.bottom - top, box.right - left)
    moved = (place[0] - top // strides[0], place[1] - left // strides[1])
    if min(moved) < 0 or not _same(net, neuron, place, moved, Box(top, left, box.bottom, box.right)):
        return None
    shift = ((box.top + box.bottom) / 2 - top - view[0] / 2, (box.left + box.right) / 2 - left - view[1] / 2)
    return Cut((box.height, box.width), view, moved, shift)


def _same(net: Network, neuron: Response, place: Pair, moved: Pair, part: Box) -> bool:
    """Whether the neuron gives the same on random images and on the view cut out of them."""
    random = np.random.default_rng(0).random((2, net.channels, *net.input_size), dtype=np.float32)
    images = torch.from_numpy(random).to(net.device)
    site = neuron.site
    try:
        with torch.no_grad():
            whole = net.read(site, images)
            cut = net.read(site, images[:, :, part.top : part.bottom, part.left : part.right].contiguous())
    except Exception:  # a network may refuse a size in any way
        return False
    grid = site.grid_of(cut)
    if moved[0] >= grid[0] or moved[1] >= grid[1]:
        return False
    there = site.select(whole, Unit(site, neuron.unit.index, place))
    here = site.places(cut)[:, neuron.unit.index, moved[0] * grid[1] + moved[1]]
    return bool(torch.allclose(there, here, rtol=1e-3, atol=1e-4 * float(whole.abs().amax())))
