"""For every unit and fold the k greatest values seen so far, each with its photograph and place."""

from __future__ import annotations

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
        folds: list[int],
    ) -> Lists:
        """The lists with more photographs: their finite values, places, numbers and folds. Nothing waits for the device."""
        keys = pack(values, numbers[:, None])
        fresh = []
        for fold in range(self.keys.shape[0]):
            rows = [row for row, other in enumerate(folds) if other == fold]
            if not rows:
                fresh.append((self.keys[fold], self.places[fold]))
                continue
            pool = torch.cat((self.keys[fold], keys[rows].T), dim=1)
            where = torch.cat((self.places[fold], places[rows].T.int()), dim=1)
            fresh.append(_best(pool, where, self.k))
        return Lists(torch.stack([kept for kept, _ in fresh]), torch.stack([kept for _, kept in fresh]))

    def merged(self, other: Lists) -> Lists:
        """The lists of both parts together; the parts share no photograph."""
        return Lists(*_best(torch.cat((self.keys, other.keys), -1), torch.cat((self.places, other.places), -1), self.k))

    def over_folds(self) -> Lists:
        """One fold that holds all."""
        folds, units, k = self.keys.shape
        keys, places = (part.transpose(0, 1).reshape(1, units, folds * k) for part in (self.keys, self.places))
        return Lists(*_best(keys, places, k))

    def thresholds(self) -> tuple[Float[Tensor, "fold unit"], Int[Tensor, "fold unit"]]:
        """Value and number of each list's last entry: what a newcomer must beat. Minus infinity where there is room."""
        values, numbers = unpack(self.keys[:, :, -1])
        return values.nan_to_num(nan=float("-inf")), numbers

    def entries(self) -> tuple[Float[Tensor, "fold unit k"], Int[Tensor, "fold unit k"], Int[Tensor, "fold unit k"]]:
        """Values (NaN where empty), photographs' numbers (-1 where empty) and places."""
        return *unpack(self.keys), self.places


def _best(keys: Int[Tensor, "*rows entry"], places: Int[Tensor, "*rows entry"], k: int) -> tuple[Int[Tensor, "*rows k"], Int[Tensor, "*rows k"]]:
    kept, where = keys.topk(k, dim=-1)
    return kept, places.gather(-1, where)
