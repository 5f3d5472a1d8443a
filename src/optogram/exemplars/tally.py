"""All that is known after some photographs, apart from the panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.exemplars.lists import Lists


@dataclass(frozen=True)
class Tally:
    """Of each unit in each fold the greatest and the least values, and the least response; as large after a million photographs as after ten.

    `top` holds the photographs' greatest neurons, `bottom` their least (negated, as a list keeps the greatest); `low` is the
    least of the photographs' greatest neurons. Merging is associative and commutative.
    """

    top: Lists
    bottom: Lists
    low: Float[Tensor, "fold unit"]

    @classmethod
    def empty(cls, folds: int, units: int, k: int, device: torch.device | str) -> Tally:
        """Before the first photograph."""
        low = torch.full((folds, units), float("inf"), device=device)
        return cls(Lists.empty(folds, units, k, device), Lists.empty(folds, units, k, device), low)

    def added(
        self, values: Float[Tensor, "2 photo unit"], places: Int[Tensor, "2 photo unit"], numbers: Sequence[int], folds: Sequence[int]
    ) -> Tally:
        """With more photographs: their greatest and least values (all finite), the places of these, their numbers and folds."""
        which = torch.tensor(numbers, dtype=torch.int64, device=values.device)
        top = self.top.added(values[0], places[0], which, folds)
        bottom = self.bottom.added(-values[1], places[1], which, folds)
        low = self.low.clone()
        for fold in set(folds):
            rows = [row for row, other in enumerate(folds) if other == fold]
            low[fold] = torch.minimum(low[fold], values[0, rows].amin(0))
        return Tally(top, bottom, low)

    def merged(self, other: Tally) -> Tally:
        """The tally of both parts, which share no photograph."""
        return Tally(self.top.merged(other.top), self.bottom.merged(other.bottom), torch.minimum(self.low, other.low))

    def limits(self, first: int) -> Float[Tensor, "2 fold unit"]:
        """What a photograph whose number is at least `first` must reach to enter: at least in the top, at most in the bottom."""
        top, bottom = (lists.limits(first) for lists in (self.top, self.bottom))
        return torch.stack((top, -bottom))
