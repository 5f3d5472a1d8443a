"""Efficient MPRT: how much more disorderly the map becomes when the whole network is destroyed.

Hedstrom, Weber, Bareeva, Hohne & Lapuschkin 2024, "Sanity checks revisited". The method is asked once; no layer by layer likeness, which
noise in the map alone can lower.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.metrics._trial import Marks, Trial
from optogram.network.cascade import destroy, layers


def efficient_mprt(trial: Trial, *, bins: int = 100) -> Marks:
    """(H' - H) / H, with H the entropy of the map's histogram and H' that of the map with every layer drawn anew; higher is better.

    NaN where a map is constant, or has no disorder.
    """
    if bins < 2:
        raise SettingError(f"bins is at least 2; got {bins}")
    explain = trial.asked_anew("efficient_mprt")
    network = trial.question.network
    copy, images = network.worker(), network.prepare(trial.images)
    for path in layers(network, trial.question.target.last):
        destroy(copy, path, trial.question.seed, images)
    before, after = (entropy(explain(one, trial.images), bins) for one in (network, copy))
    return Marks(torch.where(before > 0, (after - before) / before, torch.nan).float(), "high")


def entropy(maps: Float[Tensor, "batch height width"], bins: int) -> Float[Tensor, "batch"]:
    """Shannon entropy (nats) of each map's histogram between its least and greatest value; NaN for a constant map."""
    found = []
    for one in maps.double():
        low, high = float(one.min()), float(one.max())
        if not high > low:
            found.append(torch.tensor(torch.nan, dtype=torch.float64))
            continue
        share = torch.histc(one.cpu(), bins, low, high) / one.numel()
        found.append(-(share * share.clamp_min(1e-300).log()).sum())
    return torch.stack(found).to(maps.device)
