"""MuFidelity: whether the parts of a photograph that the map values more are those whose loss the response feels more.

Bhatt, Weller & Moura 2020, "Evaluating and aggregating feature-based model explanations". `samples` forward passes a photograph.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from optogram.attribution._baseline import Baseline
from optogram.errors import SettingError
from optogram.metrics._subsets import cell_sums, cells, draw_subsets, falls, pearson
from optogram.metrics._trial import Marks, Trial
from optogram.statistics.correlation import spearman_paired

CORRELATIONS = ("pearson", "spearman")


def mu_fidelity(
    trial: Trial,
    *,
    grid: int = 9,
    share: float = 0.2,
    samples: int = 200,
    baseline: Baseline = "mean",
    correlation: Literal["pearson", "spearman"] = "pearson",
) -> Marks:
    """Correlation over random subsets S of (sum of the map over S, f(x) - f(x with S replaced by the baseline)); higher is better.

    Subsets hold `share` of the cells of a `grid` x `grid` grid, the same for every photograph.
    """
    if not 0 < share < 1 or samples < 3:
        raise SettingError(f"mu_fidelity takes a share between 0 and 1 and at least 3 samples; got share={share}, samples={samples}")
    if correlation not in CORRELATIONS:
        raise SettingError(f'correlation is one of {", ".join(CORRELATIONS)}; got "{correlation}"')
    numbers = cells(trial.size, grid)
    worth = cell_sums(trial.maps, numbers)
    subsets = draw_subsets(worth.shape[1], max(1, round(share * worth.shape[1])), samples, trial.generator())
    said, felt = worth @ subsets.to(worth).T, falls(trial, subsets, numbers, baseline)
    if correlation == "pearson":
        return Marks(pearson(said, felt), "high")
    with np.errstate(invalid="ignore", divide="ignore"):
        found = spearman_paired(said.T.cpu().numpy(), felt.T.double().cpu().numpy())
    return Marks(torch.as_tensor(found, device=felt.device).float(), "high")
