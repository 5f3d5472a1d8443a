"""MPRT: how alike the map stays while the network's layers are destroyed one after another (model parameter randomisation test).

Adebayo et al. 2018, "Sanity checks for saliency maps"; smooth: Hedstrom et al. 2024. The method is asked once for each layer, on
networks whose layers are drawn from a seed each, bare parameters and attention's in-projections included. A check, not a ranking (Binder 2023).
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.metrics._similarity import alike
from optogram.metrics._trial import Explain, Marks, Trial
from optogram.network.cascade import destroy, layers
from optogram.network.network import Network

ORDERS = ("top_down", "bottom_up")


def mprt(
    trial: Trial,
    *,
    order: Literal["top_down", "bottom_up"] = "top_down",
    similarity: Literal["spearman", "ssim"] = "spearman",
    steps: int | None = None,
    samples: int = 1,
    noise: float = 0.05,
) -> Marks:
    """Mean likeness of the map to the one of the network with the first k layers destroyed, over k; lower: the map knows the layers.

    `top_down` begins at the unit, `bottom_up` at the pixels; the curve is over the share of layers destroyed. Similarity of magnitudes:
    Spearman or SSIM. `steps`: so many points, spread over the layers, instead of all. `samples` over 1 is smooth MPRT: maps are means
    over copies of the photographs with Gaussian `noise`. Batch norms are measured anew after each layer. NaN where every map is nought.
    """
    if order not in ORDERS or samples < 1 or (steps is not None and steps < 1):
        raise SettingError(f"mprt takes order of {' or '.join(ORDERS)}, samples and steps from 1 up; got {order!r}, samples={samples}, steps={steps}")
    explain = smooth(trial.asked_anew("mprt"), trial, samples, noise)
    paths = layers(trial.question.network, trial.question.target.last)
    paths = paths[::-1] if order == "top_down" else paths
    read = {round((index + 1) * len(paths) / (steps or len(paths))) for index in range(min(steps or len(paths), len(paths)))}
    images = trial.question.network.prepare(trial.images)
    copy, points = trial.question.network.worker(), []
    whole = explain(trial.question.network, trial.images)
    for number, path in enumerate(paths, start=1):
        destroy(copy, path, trial.question.seed, images)
        if number in read:
            points.append(alike(whole, explain(copy, trial.images), similarity))
    curve = torch.stack(points, dim=1)
    return Marks(curve.nanmean(dim=1), "low", across=tuple(number / len(paths) for number in sorted(read)), curve=curve)


def smooth(explain: Explain, trial: Trial, samples: int, noise: float) -> Explain:
    """The mean map over noisy copies; as it is for one sample."""
    if samples == 1:
        return explain

    def averaged(network: Network, images: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch height width"]:
        generator = trial.generator()
        draws = [torch.randn(images.shape[1:], generator=generator).to(images) for _ in range(samples)]
        found = [explain(network, (images + noise * draw).clamp(0, 1)) for draw in draws]
        return torch.stack(found).mean(dim=0)

    return averaged
