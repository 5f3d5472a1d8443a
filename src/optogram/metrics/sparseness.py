"""Sparseness: how few pixels hold the map (Gini index of its magnitudes).

Chalasani et al. 2020, "Concise explanations of neural networks using adversarial training". No pass of the network. A short map is easy to
read; it need not be right.
"""

from __future__ import annotations

import torch

from optogram.metrics._trial import Marks, Trial


def sparseness(trial: Trial) -> Marks:
    """1 - 2 sum_k (v_k / |v|_1) (d - k + .5) / d over the d magnitudes in rising order; higher is sparser.

    0 for a flat map, 1 - 1/d for a single pixel.
    """
    sizes = trial.maps.abs().flatten(1).double().sort(dim=1).values
    count = sizes.shape[1]
    rank = torch.arange(1, count + 1, device=sizes.device)
    total = sizes.sum(dim=1)
    gini = 1 - 2 * (sizes * (count - rank + 0.5) / count).sum(dim=1) / total
    return Marks(torch.where(total > 0, gini, torch.nan).float(), "high")
