"""Localisation: how much of the map lies on the thing.

Arras, Osman & Samek 2022, "CLEVR-XAI" (relevance mass and relevance rank accuracy). No pass of the network; needs boxes or masks.
"""

from __future__ import annotations

from typing import Literal

import torch

from optogram.errors import SettingError
from optogram.metrics._removal import ranks
from optogram.metrics._trial import Marks, Trial

FORMS = ("mass", "rank")


def localisation(trial: Trial, *, form: Literal["mass", "rank"] = "mass") -> Marks:
    """`"mass"`: the share of the map's positive values that lies in the mask. `"rank"`: the share of the K greatest pixels that do.

    K is the mask's size. Higher is better; `chance` is the mask's share of the photograph. NaN for mass where nothing of the map is positive.
    """
    if form not in FORMS:
        raise SettingError(f'form is one of {", ".join(FORMS)}; got "{form}"')
    truth = trial.marked("localisation")
    chance = truth.float().mean(dim=(1, 2))
    if form == "mass":
        positive = trial.maps.clamp(min=0).double()
        total = positive.sum(dim=(1, 2))
        return Marks(torch.where(total > 0, (positive * truth).sum(dim=(1, 2)) / total, torch.nan).float(), "high", chance)
    count = truth.sum(dim=(1, 2))
    greatest = ranks(trial.maps, trial.generator()) < count[:, None, None]
    return Marks((greatest & truth).sum(dim=(1, 2)) / count, "high", chance)
