"""Ablation-CAM: a site's units, weighted by how much the response falls when each is silenced. No gradients in the weights.

Ramaswamy & Desai 2020, "Ablation-CAM". One forward pass a unit of the site.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from optogram.attribution._cam import enlarged, maps_of, seen_at, sites_of
from optogram.attribution._question import Answer, Question


def ablation_cam(question: Question, *, site: str | None = None) -> Answer:
    """ReLU of the sum over units k of A_k (y - y_k) / |y|, y_k the response with A_k set to 0 at the site.

    The paper divides by y, which would turn the map round where the response is negative. The response is read at the neuron that
    is greatest on the photograph. `site` as in grad_cam.
    """
    sites = sites_of(question, site)
    chosen = sites[0] if len(sites) == 1 else seen_at(question, sites, slice(0, min(question.batch_size, question.photographs)))[0]
    fixed, responses = question.settled()
    inner = replace(fixed, source=chosen)
    raw = inner.origin()
    grids = maps_of(chosen, raw)
    falls = torch.zeros(grids.shape[:2], dtype=grids.dtype, device=grids.device)
    axis = 1 if chosen.layout == "spatial" else raw.ndim - 1
    with inner.tracked(falls.numel()) as watched:
        for number in range(0, falls.numel(), question.batch_size):
            flat = torch.arange(number, min(number + question.batch_size, falls.numel()), device=falls.device)
            photo, unit = flat // falls.shape[1], flat % falls.shape[1]
            silent = raw[photo].clone().movedim(axis, 1)
            silent[torch.arange(len(flat), device=flat.device), unit] = 0
            falls[photo, unit] = responses[photo] - watched.responses(silent.movedim(1, axis), photo)
    size = torch.where(responses == 0, 1.0, responses.abs())[:, None]
    grid = (grids * (falls / size)[..., None, None]).sum(dim=1, keepdim=True)
    return enlarged(question, grid.relu(), responses, fixed.places or (), chosen)
