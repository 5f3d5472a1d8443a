"""Grad-CAM: a site's units, weighted by how much each drives the response, where their sum is positive.

Selvaraju et al. 2017, "Grad-CAM". One forward pass and a backward pass to the site. As coarse as the site's grid.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._question import Answer, Question
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.site import Site

CANDIDATES = 6
"""How far back from the target the default looks for a site that feeds it."""


def grad_cam(question: Question, *, site: str | None = None) -> Answer:
    """ReLU of the sum over units k of A_k times the mean gradient at A_k, enlarged (bilinear) to the photograph.

    `site`: by default the last one with spatial extent that feeds the target; the answer names it. Tokens are put on their grid,
    named tokens left out. What the network's crop leaves out of the photograph is 0. Every channel repeats the same map.
    """
    if question.source is not None:
        raise NotDefinedError(f"grad_cam is a map over the photograph, by way of a site: say site={question.source.address!r} and no source")
    sites = _candidates(question) if site is None else [_extended(question, site)]
    parts, responses, places = [], [], []
    for rows in question.batches(question.photographs):
        raws, grads, response, place = question.hidden(sites, rows)
        number = next((number for number, grad in enumerate(grads) if bool(_maps(sites[number], grad).any())), 0)
        cam = _cam(sites[number], raws[number], grads[number])
        sites = [sites[number]]
        parts.append(to_photo(question.network.preprocess, cam, tuple(question.images.shape[2:])))
        responses.append(response)
        places.append(place)
    values = torch.cat(parts).expand_as(question.images)
    found = tuple(torch.cat(term) for term in zip(*places, strict=True))
    return Answer(values, torch.cat(responses), found, signed=False, per_channel=False, site=sites[0].address)


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


def _cam(site: Site, raw: Tensor, grad: Tensor) -> Float[Tensor, "batch 1 rows columns"]:
    activations, gradients = _maps(site, raw), _maps(site, grad)
    return (activations * gradients.mean(dim=(2, 3), keepdim=True)).sum(dim=1, keepdim=True).relu()


def _maps(site: Site, raw: Float[Tensor, "..."]) -> Float[Tensor, "batch unit rows columns"]:
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


def _candidates(question: Question) -> list[Site]:
    """Before the target, last first: outputs of blocks, convolutions and norms; where there are tokens, of blocks."""
    before = [site for site in question.network.sites() if site.order < question.target.order and _spatial(site)]
    found = [site for site in before if site.layout != "tokens" or site.kind == "block"][::-1]
    if not found:
        raise NotDefinedError(
            f"grad_cam needs a site with spatial extent before {question.target.text}; this network has none. Use integrated_gradients or occlusion."
        )
    return found[:CANDIDATES]


def _extended(question: Question, address: str) -> Site:
    site = question.network.site(address)
    if not _spatial(site):
        raise NotDefinedError(f"grad_cam needs a site with spatial extent; {site.address} has {site.describe_grid()}")
    if site.order >= question.target.order:
        raise SettingError(f"{site.address} is computed after {question.target.text}: choose a site before it")
    return site
