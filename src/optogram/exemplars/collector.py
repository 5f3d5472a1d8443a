"""What a sweep does while photographs pass: reduces inside the network's hooks, and now and then brings its lists up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.exemplars.extremes import Extremes, blocks, both, greatest, least
from optogram.exemplars.grids import Grids
from optogram.exemplars.lists import Lists
from optogram.exemplars.plan import Plan, Planned
from optogram.exemplars.recording import Recording

BUFFER_BYTES = 64 << 20
"""How much the buffer between two updates of the lists may take."""


@dataclass(frozen=True)
class Tally:
    """All that is known after some photographs, apart from the panel: its size does not depend on how many they were.

    `top` holds the greatest values, `bottom` the least (negated); `low` is each unit's least response in each fold.
    """

    top: Lists
    bottom: Lists
    low: Float[Tensor, "fold unit"]

    @classmethod
    def empty(cls, folds: int, units: int, k: int, device: torch.device | str) -> Tally:
        """Before the first photograph."""
        low = torch.full((folds, units), float("inf"), device=device)
        return cls(Lists.empty(folds, units, k, device), Lists.empty(folds, units, k, device), low)

    def merged(self, other: Tally) -> Tally:
        """The tally of both parts, which share no photograph."""
        return Tally(self.top.merged(other.top), self.bottom.merged(other.bottom), torch.minimum(self.low, other.low))


@dataclass(frozen=True, slots=True)
class Faulty:
    """A photograph on which a unit was not finite."""

    number: int
    column: int
    value: float


class Collector:
    """Reads one batch after another: `begin`, a pass with `edits`, `end`; `flush` brings `tally` up to date.

    Values of the batches since the last flush wait in a buffer. Places are looked up in the hook, while the activation is
    there, and on a CPU only for what beats the list as it was at the last flush: nothing else can enter.
    """

    def __init__(self, plan: Plan, tally: Tally, recording: Recording, grids: Grids, batch_size: int) -> None:
        self.plan, self.tally, self.recording, self.grids = plan, tally, recording, grids
        self.device = tally.low.device
        self.lazy = self.device.type == "cpu"
        self.rows = max(batch_size, min(512, BUFFER_BYTES // (16 * plan.units)))
        self.values = {name: torch.zeros(self.rows, plan.units, device=self.device) for name in ("top", "bottom")}
        self.places = {name: torch.zeros(self.rows, plan.units, dtype=torch.int32, device=self.device) for name in ("top", "bottom")}
        self.numbers: list[int] = []
        self.folds: list[int] = []
        self.swept = 0
        self._batch = slice(0, 0)
        self._panel_rows: Tensor | None = None

    def edits(self) -> dict[str, Callable[[Tensor], None]]:
        """What to run at which address (`Network.tap`); a site may be one's own and another's pre-activation."""
        jobs: dict[str, list[Callable[[Tensor], None]]] = {}
        for entry in self.plan.entries:
            jobs.setdefault(entry.site.address, []).append(partial(self._read, entry))
            if entry.before is not None:
                jobs.setdefault(entry.before.address, []).append(partial(self._read_before, entry))
        return {address: partial(_all, found) for address, found in jobs.items()}

    def begin(self, numbers: Sequence[int], folds: Sequence[int], panel: bool) -> None:
        """Announces the next batch: which photographs, in which folds, and whether they are the panel's."""
        if len(self.numbers) + len(numbers) > self.rows:
            raise ValueError(f"the buffer holds {self.rows} photographs; flush before the next batch")
        self._batch = slice(len(self.numbers), len(self.numbers) + len(numbers))
        self._panel_rows = torch.tensor(self.recording.rows_of(numbers), device=self.device) if panel else None
        self._limit = {name: self._limits(name, numbers, folds) for name in ("top", "bottom")} if self.lazy else {}
        self._next = list(numbers), list(folds)

    def end(self) -> bool:
        """The batch has passed; says whether it is time to flush: often at first, when lists still change much."""
        self.numbers += self._next[0]
        self.folds += self._next[1]
        waiting, batch = len(self.numbers), len(self._next[0])
        return waiting + batch > self.rows or waiting >= self.swept // 2

    def flush(self) -> list[Faulty]:
        """Brings the tally up to date; gives the photographs that were not finite, which are left out of it."""
        count = len(self.numbers)
        if count == 0:
            return []
        top, bottom = (self.values[name][:count] for name in ("top", "bottom"))
        good = torch.isfinite(top).all(1) & torch.isfinite(bottom).all(1)
        faulty = [] if bool(good.all()) else [self._fault(row) for row in (~good).nonzero()[:, 0].tolist()]
        fine = good.nonzero()[:, 0] if faulty else slice(0, count)
        rows = fine.tolist() if isinstance(fine, Tensor) else range(count)
        folds, numbers = [self.folds[row] for row in rows], torch.tensor([self.numbers[row] for row in rows], dtype=torch.int64, device=self.device)
        lists = [
            kept.added(values[fine], self.places[name][:count][fine], numbers, folds)
            for name, kept, values in (("top", self.tally.top, top), ("bottom", self.tally.bottom, bottom))
        ]
        self.tally = Tally(lists[0], lists[1], self._lowest(top[fine], folds))
        self.swept += len(folds)
        self.numbers, self.folds = [], []
        return faulty

    def _read(self, entry: Planned, tensor: Tensor) -> None:
        maps = blocks(entry.site, tensor)
        self.grids.see(entry.site, maps)
        high, low = both(maps) if entry.before is None else (greatest(maps), None)
        places = self._keep("top", entry, high, high.values)
        if self._panel_rows is not None:
            self.recording.record(entry, self._panel_rows, maps)
            self.recording.record_extremes(entry, "greatest", self._panel_rows, high, places)
        if low is not None:
            self._keep("bottom", entry, low, -low.values, everywhere=False)

    def _read_before(self, entry: Planned, tensor: Tensor) -> None:
        if entry.before is None:
            return
        maps = blocks(entry.before, tensor)
        low = least(maps)
        self._keep("bottom", entry, low, -low.values, everywhere=False)
        if self._panel_rows is not None:
            high = greatest(maps)
            self.recording.record_extremes(entry, "drive", self._panel_rows, high, high.places())

    def _keep(self, name: str, entry: Planned, found: Extremes, values: Tensor, everywhere: bool = True) -> Int[Tensor, "batch unit"]:
        """Puts values into the buffer, and places: of all in the panel or on a device that must not wait, of rivals otherwise."""
        self.values[name][self._batch, entry.columns] = values
        kept = self.places[name][self._batch, entry.columns]
        if not self.lazy or (everywhere and self._panel_rows is not None):
            kept.copy_(found.places())
            return kept
        photos, units = (values >= self._limit[name][:, entry.columns]).nonzero(as_tuple=True)
        if len(photos):
            kept[photos, units] = found.locate(photos, units).int()
        return kept

    def _limits(self, name: str, numbers: Sequence[int], folds: Sequence[int]) -> Float[Tensor, "batch unit"]:
        """What a value must reach to enter its list; an equal one may where a photograph of the batch comes before the list's last."""
        values, last = (self.tally.top if name == "top" else self.tally.bottom).thresholds()
        above = torch.nextafter(values, torch.full_like(values, float("inf")))
        return torch.where(last < min(numbers), above, values)[list(folds)]

    def _lowest(self, values: Float[Tensor, "photo unit"], folds: list[int]) -> Float[Tensor, "fold unit"]:
        low = self.tally.low.clone()
        for fold in set(folds):
            rows = [row for row, other in enumerate(folds) if other == fold]
            low[fold] = torch.minimum(low[fold], values[rows].amin(0))
        return low

    def _fault(self, row: int) -> Faulty:
        both = torch.stack([self.values[name][row] for name in ("top", "bottom")])
        bad = ~torch.isfinite(both)
        column = int(bad.any(0).nonzero()[0])
        which = 0 if bool(bad[0, column]) else 1
        value = float(both[which, column])
        return Faulty(self.numbers[row], column, -value if which else value)


def _all(jobs: Sequence[Callable[[Tensor], None]], tensor: Tensor) -> None:
    for job in jobs:
        job(tensor)
