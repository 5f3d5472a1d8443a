"""How the network looks at the pictures at each step: one map for all transforms of places, then those of values."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.opacity import background, composite
from optogram.synthesis.resample import resample, sparse_map, sparsely, view
from optogram.synthesis.stage import Stage
from optogram.synthesis.transforms._transform import Alteration, Matrix, Scheduled, Transform, identity

PERIOD = 32
"""Transforms repeat after so many steps: means over a period compare without scatter, and rows may begin at any multiple of it."""
MOST_KEPT = 64 * 2**20
"""Bytes of sparse maps that are kept from one period to the next."""


@dataclass(frozen=True, slots=True)
class Look:
    """One view of all pictures of a batch. `seed` draws what changes values."""

    stage: Stage
    matrix: Matrix
    alterations: tuple[Alteration, ...]
    seed: tuple[int, int, int]
    sparse: scipy.sparse.csr_matrix | None

    def __call__(self, images: Float[Tensor, "row layer height width"], alpha: bool = False) -> Float[Tensor, "row channel rows columns"]:
        """What the network sees, differentiable; where the last layer is opacity, on a background of this look's own."""
        if alpha:
            images = composite(images, background((*self.seed, 2), images.shape[1] - 1, *self.stage.canvas).to(images))
        seen = resample(images, self.matrix, *self.stage.view, self.sparse if sparsely(images) else None)
        random = np.random.default_rng((*self.seed, 1))
        for alteration in self.alterations:
            seen = alteration.alter(seen, random)
        return seen


class Looks:
    """The looks of a climb, several a step where asked for; they depend on the seed, the stage and the step alone.

    `sparse`: pictures are on a processor, where maps are kept as sparse matrices.
    """

    def __init__(self, stage: Stage, steps: int, seed: int, views: int, sparse: bool) -> None:
        self.stage, self.steps, self.views, self.sparse = stage, steps, views, sparse
        self.number = number(seed, "transforms")
        self.scheduled = scheduled(stage.transforms)
        self._kept: dict[tuple[int, int], Look] = {}
        self._room = MOST_KEPT

    def at(self, step: int) -> list[Look]:
        """The looks of one step."""
        return [self._look(step, which) for which in range(self.views)]

    def _look(self, step: int, which: int) -> Look:
        key = (step if self.scheduled else step % PERIOD, which)
        if key in self._kept:
            return self._kept[key]
        share = step / max(1, self.steps - 1)
        transforms = [one.at(share) if isinstance(one, Scheduled) else one for one in self.stage.transforms]
        seed = (self.number, *key)
        matrix = view(transforms, np.random.default_rng((*seed, 0))) @ self.stage.still()
        canvas, seen = self.stage.canvas, self.stage.view
        plain = not self.sparse or (canvas == seen and np.array_equal(matrix, identity()))
        look = Look(self.stage, matrix, _altering(transforms), seed, None if plain else sparse_map(matrix, *canvas, *seen))
        size = 0 if look.sparse is None else look.sparse.data.nbytes + look.sparse.indices.nbytes
        if not self.scheduled and self._room >= size:
            self._room -= size
            self._kept[key] = look
        return look


def scheduled(transforms: Sequence[Transform]) -> bool:
    """Whether any of them changes on the way, so that all pictures have to be at the same step."""
    return any(isinstance(one, Scheduled) for one in transforms)


def number(seed: int, name: str) -> int:
    """63 bits from the seed and a name."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "big") >> 1


def _altering(transforms: Sequence[Transform]) -> tuple[Alteration, ...]:
    return tuple(one for one in transforms if isinstance(one, Alteration))
