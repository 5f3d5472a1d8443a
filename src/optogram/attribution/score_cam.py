"""Score-CAM: a site's units, weighted by the response to the photograph seen through each one's map. No gradients in the weights.

Wang et al. 2020, "Score-CAM". One forward pass a unit of the site.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._cam import enlarged, maps_of, seen_at, sites_of, to_photo
from optogram.attribution._question import Answer, Question
from optogram.network.site import Site


def score_cam(question: Question, *, site: str | None = None, baseline: Baseline = "black") -> Answer:
    """ReLU of the sum over units k of w_k A_k, w the softmax over units of f(x seen through A_k) - f(baseline).

    A_k is enlarged to the photograph and stretched to 0..1 to be a mask: x where it is 1, the baseline where it is 0. A unit that
    is the same everywhere gives no mask and weighs nothing. The response is read at the neuron that is greatest on the
    photograph. `site` as in grad_cam.
    """
    chosen = _site(question, site)
    fixed, responses = question.settled()
    base = baseline_of(question, question.images, baseline)
    ground = fixed.responses(base)
    grids = torch.cat([maps_of(chosen, question.network.read(chosen, question.images[rows], "photo")) for rows in question.batches(len(base))])
    scores = torch.empty(grids.shape[:2], dtype=grids.dtype, device=grids.device)
    with fixed.tracked(scores.numel()) as watched:
        for number in range(0, scores.numel(), question.batch_size):
            flat = torch.arange(number, min(number + question.batch_size, scores.numel()), device=scores.device)
            photo, unit = flat // scores.shape[1], flat % scores.shape[1]
            mask = masks(to_photo(question.network.preprocess, grids[photo, unit][:, None], tuple(base.shape[2:])))
            seen = base[photo] + mask * (question.images[photo] - base[photo])
            scores[photo, unit] = watched.responses(seen, photo) - ground[photo]
    return enlarged(question, weighted(grids, scores).relu(), responses, fixed.places or (), chosen)


def masks(maps: Float[Tensor, "row 1 height width"]) -> Float[Tensor, "row 1 height width"]:
    """Each map stretched to 0..1; 0 where it is the same everywhere."""
    low, high = maps.amin(dim=(2, 3), keepdim=True), maps.amax(dim=(2, 3), keepdim=True)
    return torch.where(high > low, (maps - low) / torch.where(high > low, high - low, 1.0), 0.0)


def weighted(grids: Float[Tensor, "batch unit rows columns"], scores: Float[Tensor, "batch unit"]) -> Float[Tensor, "batch 1 rows columns"]:
    """The sum by softmax of the scores; nothing where no mask changes the response."""
    flat = grids.flatten(2)
    alive = flat.amax(dim=2) > flat.amin(dim=2)
    weights = torch.softmax(scores.masked_fill(~alive, -torch.inf), dim=1).nan_to_num() * scores.any(dim=1, keepdim=True)
    return (grids * weights[..., None, None]).sum(dim=1, keepdim=True)


def _site(question: Question, address: str | None) -> Site:
    sites = sites_of(question, address)
    return sites[0] if len(sites) == 1 else seen_at(question, sites, slice(0, min(question.batch_size, question.photographs)))[0]
