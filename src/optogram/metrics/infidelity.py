"""Infidelity: how far the map is from telling what a change of the photograph does to the response.

Yeh, Hsieh, Suggala, Inouye & Ravikumar 2019, "On the (in)fidelity and sensitivity of explanations". `samples` forward passes a photograph.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.errors import SettingError
from optogram.metrics._trial import Marks, Trial

CHANGES = ("squares", "noise")
SIDES = (1 / 8, 1 / 2)
"""Sides of the squares that are taken away, as shares of the shorter side."""


def infidelity(
    trial: Trial,
    *,
    change: Literal["squares", "noise"] = "squares",
    samples: int = 100,
    noise: float = 0.1,
    baseline: Baseline = "mean",
    scaled: bool = True,
) -> Marks:
    """Mean over changes of (what the map says - what the response does)^2; lower is better, 0 for a map that tells all.

    `"squares"`: a random square is replaced by the baseline, the map says its sum there; for maps of contributions. `"noise"`: Gaussian
    noise I of that standard deviation is subtracted, the map says the sum of I times itself; for gradients. `scaled` multiplies
    the map by the factor that suits it best and divides by the mean square of what the response does, so that methods of any scale
    compare and a map of noughts has 1.
    """
    if change not in CHANGES or samples < 1:
        raise SettingError(f"infidelity takes change of {' or '.join(CHANGES)} and at least 1 sample; got change={change!r}, samples={samples}")
    if change == "squares":
        said, felt = _squares(trial, samples, baseline)
    else:
        said, felt = _noise(trial, samples, noise)
    if not scaled:
        return Marks((said - felt).square().mean(dim=1).float(), "low")
    best = (said * felt).sum(dim=1) / said.square().sum(dim=1).clamp_min(1e-300)
    power = felt.square().mean(dim=1)
    missed = (best[:, None] * said - felt).square().mean(dim=1)
    return Marks(torch.where(power > 0, missed / power, torch.nan).float(), "low")


def _squares(trial: Trial, samples: int, baseline: Baseline) -> tuple[Float[Tensor, "batch draw"], Float[Tensor, "batch draw"]]:
    base, generator = baseline_of(trial.question, trial.images, baseline), trial.generator()
    height, width = trial.size
    masks = torch.zeros(samples, height, width, dtype=torch.bool)
    for mask in masks:
        low, high = (max(1, int(share * min(height, width))) for share in SIDES)
        side = int(torch.randint(low, high + 1, (1,), generator=generator))
        top, left = (int(torch.randint(0, most - side + 1, (1,), generator=generator)) for most in (height, width))
        mask[top : top + side, left : left + side] = True
    masks = masks.to(trial.images.device)

    def changed(photo: Tensor, draw: Tensor) -> Tensor:
        return torch.where(masks[draw][:, None], base[photo], trial.images[photo])

    said = trial.maps.flatten(1).double() @ masks.flatten(1).double().T
    return said, trial.responses.double()[:, None] - trial.answers(samples, changed).double()


def _noise(trial: Trial, samples: int, noise: float) -> tuple[Float[Tensor, "batch draw"], Float[Tensor, "batch draw"]]:
    """Draws are made anew from their numbers, so that memory does not grow with them."""
    said = torch.empty(len(trial.images), samples, dtype=torch.float64, device=trial.images.device)
    first = trial.question.seed * 1_000_003

    def drawn(draw: Tensor) -> Tensor:
        parts = [torch.randn(trial.images.shape[1:], generator=torch.Generator().manual_seed(first + int(number))) for number in draw]
        return noise * torch.stack(parts).to(trial.images)

    def changed(photo: Tensor, draw: Tensor) -> Tensor:
        nudge = drawn(draw)
        said[photo, draw] = (nudge * trial.values[photo]).flatten(1).double().sum(dim=1)
        return trial.images[photo] - nudge

    answers = trial.answers(samples, changed)
    return said, trial.responses.double()[:, None] - answers.double()
