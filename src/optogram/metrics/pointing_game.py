"""Pointing game: whether the map's greatest pixel lies on the thing.

Zhang, Lin, Brandt, Shen & Sclaroff 2016, "Top-down neural attention by excitation backprop". No pass of the network; needs boxes or masks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from optogram.errors import SettingError
from optogram.metrics._trial import Marks, Trial


def pointing_game(trial: Trial, *, tolerance: int = 15) -> Marks:
    """1 for a hit, 0 for a miss: whether the greatest pixel lies in the mask or within `tolerance` pixels of it (15, as published).

    Of several greatest pixels each counts its share. `chance` is what a pixel drawn at random would have.
    """
    if tolerance < 0:
        raise SettingError(f"tolerance is a number of pixels from 0 up; got {tolerance}")
    truth = trial.marked("pointing_game")
    reach = torch.arange(-tolerance, tolerance + 1)
    disc = ((reach[:, None] ** 2 + reach[None, :] ** 2) <= tolerance**2).to(trial.maps)[None, None]
    near = F.conv2d(truth[:, None].to(trial.maps), disc, padding=tolerance)[:, 0] > 0.5
    peaks = (trial.maps == trial.maps.amax(dim=(1, 2), keepdim=True)).float()
    hits = (peaks * near).sum(dim=(1, 2)) / peaks.sum(dim=(1, 2))
    empty = ~trial.maps.flatten(1).any(dim=1)
    return Marks(torch.where(empty, torch.nan, hits), "high", chance=near.float().mean(dim=(1, 2)))
