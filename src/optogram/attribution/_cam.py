"""Class activation maps: what all of them share. A site's units, weighted and summed over its grid, enlarged to the photograph."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._question import Answer, Question
from optogram.attribution._target import Places
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.site import Site

CANDIDATES = 6
"""How far back from the target the default looks for a site that feeds it."""

Grids = Float[Tensor, "batch unit rows columns"]
Cam = Float[Tensor, "batch 1 rows columns"]
Weighing = Callable[[Grids, Grids], Cam]
"""`weighing(activations, gradients)`: the map at the site, before what is negative is dropped."""


def cam(question: Question, address: str | None, weighing: Weighing) -> Answer:
    """The positive part of the weighed map, enlarged (bilinear); one forward pass and a backward pass to the site.

    By default the site is the last one with spatial extent that feeds the target. What the network's crop leaves out of the
    photograph is 0. Every channel repeats the same map.
    """
    sites = sites_of(question, address)
    parts, responses, places = [], [], []
    for rows in question.batches(question.photographs):
        site, activations, gradients, response, place = seen_at(question, sites, rows)
        sites = [site]
        parts.append(weighing(activations, gradients).relu())
        responses.append(response)
        places.append(place)
    found = tuple(torch.cat(term) for term in zip(*places, strict=True))
    return enlarged(question, torch.cat(parts), torch.cat(responses), found, sites[0])


def enlarged(question: Question, grid: Cam, responses: Float[Tensor, "batch"], places: Places, site: Site) -> Answer:
    """The answer of a map at the site."""
    values = to_photo(question.network.preprocess, grid, tuple(question.images.shape[2:])).expand_as(question.images)
    return Answer(values, responses, places, signed=False, per_channel=False, site=site.address)


def sites_of(question: Question, address: str | None) -> list[Site]:
    """The site asked for, or those to choose from, best first."""
    if question.source is not None:
        raise NotDefinedError(f"{question.method} is a map over the photograph, by way of a site: say site={question.source.address!r} and no source")
    return candidates(question) if address is None else [extended(question, address)]


def seen_at(question: Question, sites: list[Site], rows: slice) -> tuple[Site, Grids, Grids, Float[Tensor, "row"], Places]:
    """The first of the sites whose maps feed the target (the first of all if none does), and activations and gradients there."""
    raws, grads, responses, places = question.hidden(sites, rows)
    number = next((number for number, grad in enumerate(grads) if bool(maps_of(sites[number], grad).any())), 0)
    site = sites[number]
    return site, maps_of(site, raws[number]), maps_of(site, grads[number]), responses, places


def to_photo(preprocess: Preprocess, cam: Float[Tensor, "batch 1 rows columns"], size: tuple[int, ...]) -> Float[Tensor, "batch 1 height width"]:
    """A map over the input frame, of any coarseness, over the photograph: enlarged, put where the crop was, 0 elsewhere."""
    height, width = size
    rows, columns = preprocess.resized(height, width)
    target = preprocess.output_size or (rows, columns)
    fine = F.interpolate(cam, size=target, mode="bilinear", align_corners=False)
    top, left = preprocess.offset(height, width)
    whole = F.pad(fine, (left, columns - target[1] - left, top, rows - target[0] - top))
    if (rows, columns) == (height, width):
        return whole
    return F.interpolate(whole, size=(height, width), mode="bilinear", align_corners=False)


def maps_of(site: Site, raw: Float[Tensor, "..."]) -> Float[Tensor, "batch unit rows columns"]:
    """Units as maps; of tokens, the patches on their grid."""
    flat = site.places(raw)
    grid = site.grid_of(raw)
    if len(grid) == 2:
        return torch.unflatten(flat, 2, grid)
    assert site.patch_grid is not None
    return torch.unflatten(flat[:, :, len(site.prefix) :], 2, site.patch_grid)


def _spatial(site: Site) -> bool:
    grid = site.patch_grid if site.layout == "tokens" else site.grid
    return grid is not None and len(grid) == 2 and grid[0] * grid[1] > 1


def candidates(question: Question) -> list[Site]:
    """Before the target, last first: outputs of blocks, convolutions and norms; where there are tokens, of blocks."""
    before = [site for site in question.network.sites() if site.order < question.target.order and _spatial(site)]
    found = [site for site in before if site.layout != "tokens" or site.kind == "block"][::-1]
    if not found:
        raise NotDefinedError(
            f"{question.method} needs a site with spatial extent before {question.target.text}; this network has none. "
            "Use integrated_gradients or occlusion."
        )
    return found[:CANDIDATES]


def extended(question: Question, address: str) -> Site:
    """The site of that name, if a class activation map can be read there; `NotDefinedError` or `SettingError` otherwise."""
    site = question.network.site(address)
    if not _spatial(site):
        raise NotDefinedError(f"{question.method} needs a site with spatial extent; {site.address} has {site.describe_grid()}")
    if site.order >= question.target.order:
        raise SettingError(f"{site.address} is computed after {question.target.text}: choose a site before it")
    return site
