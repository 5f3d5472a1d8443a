"""How often the demo network is right on crops that it was not trained on, with exact intervals."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from optogram.statistics.intervals import clopper_pearson
from optogram.zoo._photographs import NAMES, draw_crops
from optogram.zoo._photonet_module import TURNS, normalised, turned


class Rate(TypedDict):
    """A share of crops that were named rightly, with its exact 95 % interval."""

    right: int
    of: int
    share: float
    low: float
    high: float


class Score(TypedDict):
    """Both heads' rates on held-out crops, and the first head's for each photograph."""

    photo: Rate
    up: Rate
    by_photograph: dict[str, float]
    up_by_photograph: dict[str, float]


def rate(right: int, of: int) -> Rate:
    """A share with its Clopper-Pearson interval (exact, 95 %), rounded to four digits."""
    interval = clopper_pearson(right, of)
    return Rate(right=right, of=of, share=round(right / of, 4), low=round(float(interval.low), 4), high=round(float(interval.high), 4))


def score(module: nn.Module, count: int = 1700, seed: int = 0) -> Score:
    """Scores a module in evaluation mode on `count` crops of the held-out halves, in one pass for each head.

    The photograph is named from the crop as it stands; which way up is asked of the crop turned by a quarter turn more
    than the crop of the same photograph before it. Chance is 1 in 17, and 1 in 4. The crops of one photograph are independent
    draws from its held-out half: the intervals speak of other crops of these photographs, not of other photographs.
    """
    crops, sources = draw_crops("held_out", count, seed)
    labels = torch.tensor([NAMES.index(source) for source in sources])
    turns = (torch.arange(count) // len(NAMES)) % len(TURNS)
    images = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    photo = _right(module, images, "photo", labels)
    up = _right(module, turned(images, turns), "up", turns)
    return Score(
        photo=rate(int(photo.sum()), count),
        up=rate(int(up.sum()), count),
        by_photograph=_shares(photo, labels),
        up_by_photograph=_shares(up, labels),
    )


def _right(module: nn.Module, images: Float[Tensor, "crop 3 height width"], head: str, truth: Int64[Tensor, " crop"]) -> Bool[np.ndarray, " crop"]:
    with torch.inference_mode():
        answers = torch.cat([module(normalised(batch))[head].argmax(1) for batch in images.split(100)])
    return np.asarray(answers == truth)


def _shares(right: Bool[np.ndarray, " crop"], labels: Int64[Tensor, " crop"]) -> dict[str, float]:
    return {name: round(float(right[np.asarray(labels) == index].mean()), 4) for index, name in enumerate(NAMES) if (labels == index).any()}
