"""For every unit and fold the k greatest values seen so far, each with its photograph and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.exemplars.key import EMPTY, pack, unpack


@dataclass(frozen=True, slots=True)
class Lists:
    """The k greatest of each unit and fold, greatest first; of equal values the photographs with the lower numbers.

    `keys` hold value and photograph (`key.py`). Adding and merging are associative and commutative and lose nothing, so parts
    may come from threads, shards or an interrupted run. Memory: 12 bytes an entry, whatever the number of photographs.
    """

    keys: Int[Tensor, "fold unit k"]
    places: Int[Tensor, "fold unit k"]

    @classmethod
    def empty(cls, folds: int, units: int, k: int, device: torch.device | str = "cpu") -> Lists:
        """Lists without entries."""
        keys = torch.full((folds, units, k), EMPTY, dtype=torch.int64, device=device)
        return cls(keys, torch.full((folds, units, k), -1, dtype=torch.int32, device=device))

    @property
    def k(self) -> int:
        """How many entries a list holds."""
        return self.keys.shape[2]

    def added(
        self,
        values: Float[Tensor, "photo unit"],
        places: Int[Tensor, "photo unit"],
        numbers: Int[Tensor, " photo"],
        folds: Sequence[int],
    ) -> Lists:
        """The lists with more photographs: their finite values, places, numbers and folds."""
        if not len(folds):
            return self
        limits = self.limits(int(numbers.min()))
        keys, where = self.keys.clone(), self.places.clone()
        for fold in sorted(set(folds)):
            rows = torch.tensor([row for row, other in enumerate(folds) if other == fold], device=values.device)
            photos, units = (values[rows] >= limits[fold]).nonzero(as_tuple=True)
            photos = rows[photos]
            fresh = pack(values[photos, units], numbers[photos])
            touched, best, its_place = _ranked(units, fresh, places[photos, units].int(), self.k)
            pool = torch.cat((keys[fold, touched], best), dim=1), torch.cat((where[fold, touched], its_place), dim=1)
            keys[fold, touched], where[fold, touched] = _best(*pool, self.k)
        return Lists(keys, where)

    def merged(self, other: Lists) -> Lists:
        """The lists of both parts together; the parts share no photograph."""
        return Lists(*_best(torch.cat((self.keys, other.keys), -1), torch.cat((self.places, other.places), -1), self.k))

    def over_folds(self) -> Lists:
        """One fold that holds all."""
        folds, units, k = self.keys.shape
        keys, places = (part.transpose(0, 1).reshape(1, units, folds * k) for part in (self.keys, self.places))
        return Lists(*_best(keys, places, k))

    def limits(self, first: int) -> Float[Tensor, "fold unit"]:
        """What a photograph must reach to enter, if its number is at least `first`: more than the last entry, or as much as one that comes later."""
        values, last = unpack(self.keys[:, :, -1])
        values = values.nan_to_num(nan=float("-inf"))
        above = torch.nextafter(values, torch.full_like(values, float("inf")))
        return torch.where(last < first, above, values)

    def entries(self) -> tuple[Float[Tensor, "fold unit k"], Int[Tensor, "fold unit k"], Int[Tensor, "fold unit k"]]:
        """Values (NaN where empty), photographs' numbers (-1 where empty) and places."""
        return *unpack(self.keys), self.places


def _best(keys: Int[Tensor, "*rows entry"], places: Int[Tensor, "*rows entry"], k: int) -> tuple[Int[Tensor, "*rows k"], Int[Tensor, "*rows k"]]:
    kept, where = keys.topk(k, dim=-1)
    return kept, places.gather(-1, where)


def _ranked(
    units: Int[Tensor, " entry"], keys: Int[Tensor, " entry"], places: Int[Tensor, " entry"], k: int
) -> tuple[Int[Tensor, " touched"], Int[Tensor, "touched k"], Int[Tensor, "touched k"]]:
    """Loose entries as lists: which units have any, and the k best keys of each with their places."""
    order = keys.argsort(descending=True)
    order = order[units[order].argsort(stable=True)]
    touched, row, counts = units[order].unique_consecutive(return_inverse=True, return_counts=True)
    rank = torch.arange(len(order), device=keys.device) - (counts.cumsum(0) - counts)[row]
    kept = rank < k
    order, row, rank = order[kept], row[kept], rank[kept]
    best = keys.new_full((len(touched), k), EMPTY)
    its_place = places.new_full((len(touched), k), -1)
    best[row, rank], its_place[row, rank] = keys[order], places[order]
    return touched, best, its_place
