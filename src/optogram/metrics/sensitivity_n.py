"""Sensitivity-n: MuFidelity for subsets of every size, from one cell to nearly all.

Ancona, Ceolini, Oztireli & Gross 2018, "Towards better understanding of gradient-based attribution methods". `samples` times `sizes`
forward passes a photograph.
"""

from __future__ import annotations

import torch

from optogram.attribution._baseline import Baseline
from optogram.errors import SettingError
from optogram.metrics._subsets import cell_sums, cells, draw_subsets, falls, pearson
from optogram.metrics._trial import Marks, Trial


def sensitivity_n(trial: Trial, *, grid: int = 12, sizes: int = 8, samples: int = 32, baseline: Baseline = "black") -> Marks:
    """Mean over n of the Pearson correlation, over random subsets of n cells, of the map's sum with the response's fall; higher is better.

    n runs over `sizes` values from 1 to four fifths of the cells, in equal ratios; the curve is over n. A method that satisfies
    sensitivity-n for all n (any complete one, on a linear network) has 1.
    """
    if sizes < 1 or samples < 3:
        raise SettingError(f"sensitivity_n takes at least 1 size and 3 samples; got sizes={sizes}, samples={samples}")
    numbers = cells(trial.size, grid)
    worth = cell_sums(trial.maps, numbers)
    most = max(1, int(worth.shape[1] * 0.8))
    chosen = sorted({round(most ** (index / max(1, sizes - 1))) for index in range(sizes)})
    generator = trial.generator()
    drawn = [draw_subsets(worth.shape[1], size, samples, generator) for size in chosen]
    felt = falls(trial, torch.cat(drawn), numbers, baseline).split(samples, dim=1)
    curve = torch.stack([pearson(worth @ subsets.to(worth).T, part) for subsets, part in zip(drawn, felt, strict=True)], dim=1)
    return Marks(curve.nanmean(dim=1), "high", across=tuple(map(float, chosen)), curve=curve)
