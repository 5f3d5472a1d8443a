"""In which order a sweep takes the photographs, and how it starts again in the middle."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from optogram.errors import SourceError
from optogram.images.batches import Batch
from optogram.images.folds import fold, panel
from optogram.images.photos import Photos
from optogram.images.preprocess import Preprocess


@dataclass(frozen=True)
class Course:
    """First the panel, then all others, each in the source's order: so that the panel's extra work is done in batches of its own."""

    photos: Photos
    panel: tuple[int, ...]
    others: tuple[int, ...]
    folds: tuple[int, ...]

    @classmethod
    def of(cls, photos: Photos, size: int, folds: int, seed: int, shard: tuple[int, int] = (1, 1)) -> Course:
        """The course with a panel of that size, and each photograph's fold; of a shard, its photographs of both."""
        inside = set(panel(photos, size, seed))
        own = range(shard[0] - 1, len(photos), shard[1])
        chosen, others = tuple(index for index in own if index in inside), tuple(index for index in own if index not in inside)
        return cls(photos, chosen, others, tuple(fold(photos.group(index), folds) for index in range(len(photos))))

    def __len__(self) -> int:
        return len(self.panel) + len(self.others)

    def after(self, index: int) -> int:
        """How many photographs of the course lie before or at this one."""
        ended = bisect_right(self.panel, index)
        if ended and self.panel[ended - 1] == index:
            return ended
        return len(self.panel) + bisect_right(self.others, index)

    def batches(self, preprocess: Preprocess, channels: int, batch_size: int, workers: int, done: int = 0) -> Iterator[tuple[Batch, bool]]:
        """The batches after the first `done` photographs, each with whether it belongs to the panel."""
        first, rest = self.panel[done:], self.others[max(done - len(self.panel), 0) :]
        parts = ((part, inside) for part, inside in ((first, True), (rest, False)) if part)
        return chain.from_iterable(self._part(part, inside, preprocess, channels, batch_size, workers) for part, inside in parts)

    def _part(
        self, part: tuple[int, ...], inside: bool, preprocess: Preprocess, channels: int, batch_size: int, workers: int
    ) -> Iterator[tuple[Batch, bool]]:
        try:
            for batch in self.photos.batches(preprocess, channels, batch_size, part, workers):
                yield batch, inside
        except SourceError:
            # none of this part can be read; whether any of the whole course can is for the sweep to say
            return
