"""What a sweep does while photographs pass: reduces inside the network's hooks, and now and then brings its lists up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.exemplars.extremes import all_places, blocks, coded, places_of, reduce_into, shaped
from optogram.exemplars.grids import Grids
from optogram.exemplars.plan import Plan, Planned
from optogram.exemplars.recording import Recording
from optogram.exemplars.tally import Tally
from optogram.network.site import Site

BUFFER_BYTES = 64 << 20
"""How much the buffer between two updates of the lists may take."""

TOP, BOTTOM = 0, 1
REDUCTIONS = (torch.amax, torch.amin)


@dataclass(frozen=True, slots=True)
class Faulty:
    """A photograph on which a unit was not finite."""

    number: int
    column: int
    value: float


class Collector:
    """Reads one batch after another: `begin`, a pass with `edits`, `end`; `flush` brings `tally` up to date.

    A batch is written on a slate [top or bottom, photograph, unit], whose parts each hook knows; slates wait in a buffer for the
    next flush. Places are looked up in the hook, while the activation is there, and on a CPU only for rivals: values that
    reach what they had to beat at the last flush. Nothing else can enter a list.
    """

    def __init__(self, plan: Plan, tally: Tally, recording: Recording, grids: Grids, batch_size: int) -> None:
        self.plan, self.tally, self.recording, self.grids = plan, tally, recording, grids
        self.device = tally.low.device
        self.lazy = self.device.type == "cpu"
        self.rows = max(batch_size, min(512, BUFFER_BYTES // (16 * plan.units)))
        self.values = torch.zeros(2, self.rows, plan.units, device=self.device)
        self.places = torch.zeros(2, self.rows, plan.units, dtype=torch.int32, device=self.device)
        self.slate = Slate(plan, batch_size, self.device)
        self.numbers: list[int] = []
        self.folds: list[int] = []
        self.swept = 0
        self.faulty: list[Faulty] = []
        self._panel_rows: Tensor | None = None
        self._limits: tuple[int, Tensor] | None = None

    def edits(self) -> dict[str, Callable[[Tensor], None]]:
        """What to run at which address (`Network.tap`); a site may be one's own and another's pre-activation."""
        jobs: dict[str, list[Callable[[Tensor], None]]] = {}
        for number, entry in enumerate(self.plan.entries):
            jobs.setdefault(entry.site.address, []).append(partial(self._read, number, entry))
            if entry.before is not None:
                jobs.setdefault(entry.before.address, []).append(partial(self._read_before, number, entry, entry.before))
        return {address: partial(_all, found) for address, found in jobs.items()}

    def begin(self, numbers: Sequence[int], folds: Sequence[int], panel: bool) -> None:
        """Announces the next batch: which photographs, in which folds, and whether they are the panel's."""
        self._next = list(numbers), list(folds)
        self._panel_rows = torch.tensor(self.recording.rows_of(numbers), device=self.device) if panel else None
        self.slate.clear(len(numbers))
        if self.lazy:
            if self._limits is None or min(numbers) < self._limits[0]:
                self._limits = min(numbers), self.tally.limits(min(numbers))
            torch.index_select(self._limits[1], 1, torch.tensor(folds), out=self.slate.limits)

    def end(self) -> bool:
        """The batch has passed; says whether it is time to flush: often at first, when lists still change much."""
        count = len(self._next[0])
        if len(self.numbers) + count > self.rows:
            self.flush()
        rows = slice(len(self.numbers), len(self.numbers) + count)
        self.values[:, rows], self.places[:, rows] = self.slate.values, self.slate.places
        self.numbers += self._next[0]
        self.folds += self._next[1]
        return len(self.numbers) + count > self.rows or len(self.numbers) >= self.swept // 2

    def flush(self) -> list[Faulty]:
        """Brings the tally up to date; gives all photographs so far that were not finite, which are left out of it."""
        count = len(self.numbers)
        if count == 0:
            return self.faulty
        values, places = self.values[:, :count], self.places[:, :count]
        fine = list(range(count))
        if not bool(values.sum(2).isfinite().all()):  # a sum is not finite where a term is not, and costs a tenth of asking each
            good = torch.isfinite(values).all(2).all(0)
            self.faulty += [self._fault(row) for row in (~good).nonzero()[:, 0].tolist()]
            fine = good.nonzero()[:, 0].tolist()
            values, places = values[:, fine], places[:, fine]
        self.tally = self.tally.added(values, places, [self.numbers[row] for row in fine], [self.folds[row] for row in fine])
        self.swept += len(fine)
        self.numbers, self.folds, self._limits = [], [], None
        return self.faulty

    def _read(self, number: int, entry: Planned, tensor: Tensor) -> None:
        whole = blocks(entry.site, tensor)
        self.grids.see(entry.site, whole)
        maps, kinds = shaped(whole), [TOP] if entry.before is not None else [TOP, BOTTOM]
        lines = reduce_into(maps, [(REDUCTIONS[kind], self.slate.parts[number][kind]) for kind in kinds])
        if self._panel_rows is None:
            self._locate(number, entry, whole, maps, lines, kinds)
            return
        places = coded(all_places(maps, lines[0]), whole.shape[2])
        self.recording.record(entry, self._panel_rows, whole)
        self.recording.record_extremes(entry, "greatest", self._panel_rows, self.slate.parts[number][TOP], places)
        self.slate.places[TOP, :, entry.columns] = places
        self._locate(number, entry, whole, maps, lines[1:], kinds[1:])

    def _read_before(self, number: int, entry: Planned, before: Site, tensor: Tensor) -> None:
        whole = blocks(before, tensor)
        maps, low = shaped(whole), self.slate.parts[number][BOTTOM]
        if self._panel_rows is None:
            lines = reduce_into(maps, [(torch.amin, low)])
        else:
            drive = torch.empty_like(low)
            high, lines = reduce_into(maps, [(torch.amax, drive), (torch.amin, low)]).split(1)
            places = all_places(maps, high[0])
            self.recording.record_extremes(entry, "drive", self._panel_rows, drive, coded(places, whole.shape[2]))
        self._locate(number, entry, whole, maps, lines, [BOTTOM])

    def _locate(
        self,
        number: int,
        entry: Planned,
        whole: Float[Tensor, "batch row column unit"],
        maps: Float[Tensor, "batch line place unit"],
        lines: Float[Tensor, "kind batch line unit"],
        kinds: Sequence[int],
    ) -> None:
        """Looks up the places of rivals; of all on a device that should not wait to be asked which they are."""
        if not kinds:
            return
        which, photos, units = self.slate.rivals(number, kinds) if self.lazy else self.slate.everything(entry, kinds)
        if len(which):
            found = places_of(maps, lines[which - kinds[0], photos, :, units], photos, units, 1 - 2 * which)
            self.slate.places[which, photos, units + entry.first] = coded(found, whole.shape[2]).int()

    def _fault(self, row: int) -> Faulty:
        bad = ~torch.isfinite(self.values[:, row])
        column = int(bad.any(0).nonzero()[0])
        return Faulty(self.numbers[row], column, float(self.values[TOP if bool(bad[TOP, column]) else BOTTOM, row, column]))


class Slate:
    """One batch's extremes, the places of rivals among them, and what a rival must reach, with views of each site's part."""

    def __init__(self, plan: Plan, batch_size: int, device: torch.device) -> None:
        self.plan, self.device, self._batch = plan, device, 0
        self.clear(batch_size)

    def clear(self, batch: int) -> None:
        """Makes room for a batch; nothing is done where it is as large as the last."""
        if batch == self._batch:
            return
        shape = (2, batch, self.plan.units)
        self._batch = batch
        self.values = torch.zeros(shape, device=self.device)
        self.places = torch.zeros(shape, dtype=torch.int32, device=self.device)
        self.limits = torch.zeros(shape, device=self.device)
        self._reached = torch.zeros(shape, dtype=torch.bool, device=self.device)
        cuts = [entry.columns for entry in self.plan.entries]
        self.parts = [(self.values[TOP, :, cut], self.values[BOTTOM, :, cut]) for cut in cuts]
        self._bars = [(self.limits[TOP, :, cut], self.limits[BOTTOM, :, cut]) for cut in cuts]
        self._marks = [self._reached[:, :, cut] for cut in cuts]

    def rivals(self, number: int, kinds: Sequence[int]) -> tuple[Tensor, ...]:
        """Kind, photograph and unit of each value that reaches its limit: from above for the top, from below for the bottom."""
        marks = self._marks[number]
        for kind in kinds:
            (torch.ge if kind == TOP else torch.le)(self.parts[number][kind], self._bars[number][kind], out=marks[kind])
        found = marks[kinds[0] : kinds[-1] + 1].nonzero().unbind(1)
        return found if kinds[0] == TOP else (found[0] + BOTTOM, *found[1:])

    def everything(self, entry: Planned, kinds: Sequence[int]) -> tuple[Tensor, ...]:
        """Kind, photograph and unit of all values."""
        ranges = (
            torch.tensor(kinds, device=self.device),
            torch.arange(self._batch, device=self.device),
            torch.arange(entry.site.units, device=self.device),
        )
        return torch.cartesian_prod(*ranges).unbind(1)


def _all(jobs: Sequence[Callable[[Tensor], None]], tensor: Tensor) -> None:
    for job in jobs:
        job(tensor)
