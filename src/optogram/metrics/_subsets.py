"""Random parts of a photograph taken away, and what a map says they are worth: what subset metrics share."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.errors import SettingError
from optogram.metrics._trial import Trial


def cells(size: tuple[int, int], grid: int) -> Int[Tensor, "height width"]:
    """The number of each pixel's cell, on a grid of that many rows and columns (fewer where the photograph has fewer pixels)."""
    if grid < 2:
        raise SettingError(f"grid is at least 2; got {grid}")
    rows, columns = (torch.arange(side) * min(grid, side) // side for side in size)
    return rows[:, None] * min(grid, size[1]) + columns[None, :]


def cell_sums(maps: Float[Tensor, "batch height width"], numbers: Int[Tensor, "height width"]) -> Float[Tensor, "batch cell"]:
    """What the map gives to each cell."""
    flat = numbers.flatten().to(maps.device)
    found = torch.zeros(len(maps), int(numbers.max()) + 1, dtype=torch.float64, device=maps.device)
    return found.index_add_(1, flat, maps.flatten(1).double())


def draw_subsets(count: int, size: int, draws: int, generator: torch.Generator) -> Bool[Tensor, "draw cell"]:
    """Random subsets of `size` of `count` cells."""
    order = torch.rand(draws, count, generator=generator).argsort(dim=1)
    return order.argsort(dim=1) < size


def falls(trial: Trial, subsets: Bool[Tensor, "draw cell"], numbers: Int[Tensor, "height width"], baseline: Baseline) -> Float[Tensor, "batch draw"]:
    """How much the response falls when each subset's cells are replaced by the baseline."""
    base = baseline_of(trial.question, trial.images, baseline)
    chosen, place = subsets.to(trial.images.device), numbers.to(trial.images.device)

    def changed(photo: Tensor, draw: Tensor) -> Tensor:
        return torch.where(chosen[draw][:, place][:, None], base[photo], trial.images[photo])

    return trial.responses.float()[:, None] - trial.answers(len(subsets), changed)


def pearson(one: Float[Tensor, "batch draw"], other: Float[Tensor, "batch draw"]) -> Float[Tensor, "batch"]:
    """Correlation over draws; NaN where one of them is constant."""
    first, second = (values.double() - values.double().mean(dim=1, keepdim=True) for values in (one, other))
    spread = torch.linalg.vector_norm(first, dim=1) * torch.linalg.vector_norm(second, dim=1)
    return torch.where(spread > 0, (first * second).sum(dim=1) / spread, torch.nan).float()
