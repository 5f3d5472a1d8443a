"""`og.sweep`: every photograph through the network once, and for every unit what drives it most, least and in between."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from optogram import memory
from optogram.errors import NonFiniteError, SettingError, SourceError, Stopped, explained
from optogram.exemplars.checkpoint import PANEL, Checkpoint, Progressed, tally_arrays, tally_of
from optogram.exemplars.collector import Collector, Faulty
from optogram.exemplars.course import Course
from optogram.exemplars.grids import Grids
from optogram.exemplars.merging import Shard, checked_shard
from optogram.exemplars.plan import Plan, fitting_rows, plan
from optogram.exemplars.recording import Places, Recording
from optogram.exemplars.refused import refused
from optogram.exemplars.result import Sweep
from optogram.exemplars.tally import Tally
from optogram.images.left_out import LeftOut, sentence
from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.progress import Progress, track
from optogram.result import Provenance

SAVED_EVERY_S = 20.0
SAVING_SHARE = 20
"""A checkpoint is written once in so many times what writing takes, and not more often than `SAVED_EVERY_S`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes a sweep's result besides network, photographs and sites."""

    folds: int = 2
    k: int = 9
    panel: int = 1000
    probes: int = 4
    batch_size: int = 32
    seed: int = 0
    skip_nonfinite: bool = False
    shard: Shard | None = None

    def __post_init__(self) -> None:
        for name, lowest in (("folds", 1), ("k", 1), ("panel", 1), ("probes", 1), ("batch_size", 1)):
            if getattr(self, name) < lowest:
                raise SettingError(f"{name} is at least {lowest}; got {getattr(self, name)}")


def sweep(
    network: Network,
    photos: Photos | Any,
    sites: Sequence[str | Site] | str | Site | None = None,
    folds: int = 2,
    *,
    k: int = 9,
    panel: int = 1000,
    probes: int = 4,
    batch_size: int | None = None,
    seed: int = 0,
    max_memory: int = 2 << 30,
    progress: Progress = True,
    skip_nonfinite: bool = False,
    checkpoint: str | Path | None = None,
    workers: int = 2,
    shard: Shard | None = None,
) -> Sweep:
    """One pass of the photographs through the network, which ends at the deepest of the sites (default: `network.sites()`).

    For each unit and fold: the `k` photographs that drive it most and least, by their greatest (least) neuron, ties by the
    photographs' order; and, on a panel of `panel` photographs, every unit's greatest, mean and probed neurons. Costs a forward
    pass of each photograph and about a twentieth more; memory does not grow with the photographs. A panel that would take more
    than `max_memory` bytes is made smaller, with a warning. `checkpoint`: a folder in which progress is kept, so that the same
    call goes on after Ctrl-C or a kill, to the same result. `skip_nonfinite` leaves out photographs on which a unit is NaN or
    infinite. `batch_size`: by default what the machine is fastest with, at most 32. `workers` threads decode ahead.
    `shard=(part, parts)`: every so many-th photograph only, from the part-th on, for as many processes or machines; `merge` puts
    the parts together to what one sweep of all gives.

    Raises `AddressError` for an unknown site, `SourceError` if no photograph can be read, `NonFiniteError`, `StaleError` if the
    checkpoint is another sweep's, and `Stopped` on Ctrl-C where there is a checkpoint.
    """
    chosen = plan(network, sites)
    fitting = max(1, max_memory // chosen.panel_bytes(probes))
    photos = open_images(photos, channels=network.channels)
    if fitting < min(panel, len(photos)):
        warnings.warn(f"a panel of {panel:,} photographs takes more than {max_memory / 1e9:.1f} GB (max_memory): it has {fitting:,}", stacklevel=2)
    with memory.kept():
        settings = Settings(
            folds,
            k,
            min(panel, fitting),
            probes,
            fitting_rows(network) if batch_size is None else batch_size,
            seed,
            skip_nonfinite,
            None if shard is None else checked_shard(shard, len(photos)),
        )
        return Run(network, photos, chosen, settings, None if checkpoint is None else Path(checkpoint)).through(progress, workers)


class Run:
    """A sweep under way. What `state` says has been done survives an interruption at any moment; later batches are done again."""

    def __init__(self, network: Network, photos: Photos, chosen: Plan, settings: Settings, folder: Path | None) -> None:
        self.network, self.photos, self.plan, self.settings = network, photos, chosen, settings
        self.course = Course.of(photos, settings.panel, settings.folds, settings.seed, settings.shard or (1, 1))
        self.provenance = _provenance(network, photos, chosen, settings)
        names = tuple(photos.identity(index) for index in self.course.panel)
        folds = [self.course.folds[index] for index in self.course.panel]
        self.recording = Recording(chosen, self.course.panel, folds, Places(names, settings.probes, settings.seed), device=network.device)
        self.checkpoint = None if folder is None else Checkpoint(folder, self.provenance.as_dict() | {"versions": None})
        kept = None if self.checkpoint is None else self.checkpoint.read(self.recording.arrays, network.device)
        blank = Tally.empty(settings.folds, chosen.units, settings.k, network.device)
        self.state = kept or Progressed(0, blank, np.zeros((len(photos), 2), np.int32), {}, {})
        self.state = Progressed(
            self.state.done, tally_of(tally_arrays(self.state.tally), network.device), self.state.sizes, self.state.left_out, self.state.grids
        )
        self.panel_kept = self.state.done
        self.saved = time.monotonic()
        self.pause = SAVED_EVERY_S

    def through(self, progress: Progress, workers: int) -> Sweep:
        """All that is left of the course."""
        try:
            with track("sweep", len(self.course), progress) as advance:
                advance(self.state.done)
                self._pass(advance, workers)
        except KeyboardInterrupt as interrupt:
            if self.checkpoint is None:
                raise
            self._save()
            raise Stopped(
                f"stopped after {self.state.done:,} of {len(self.course):,} photographs; nothing is lost. Go on with the same command."
            ) from interrupt
        if not self.state.sizes.any():
            told = sentence(self.photos.left_out, len(self.photos), self.photos.source.noun)
            raise SourceError(f"no photograph of {self.photos.source.name} can be read: {told}")
        if self.checkpoint is not None:
            self._save()
        found = self._result()
        if not found.swept:
            raise NonFiniteError(
                f"{self.network.name} is not finite on any photograph: {sentence(found.left_out, len(self.photos))} Look at its weights"
            )
        return found

    def _pass(self, advance: Any, workers: int) -> None:
        grids = Grids(self.state.grids)
        collector = Collector(self.plan, self.state.tally, self.recording, grids, self.settings.batch_size)
        edits = collector.edits()
        worker = self.network.worker(channels_last=True, reads=list(edits))
        batches = self.course.batches(self.network.preprocess, self.network.channels, self.settings.batch_size, workers, self.state.done)
        sizes = self.state.sizes.copy()
        done = self.state.done
        with torch.no_grad(), worker.tap(self.plan.deepest, edits=edits):
            for batch, inside in batches:
                collector.begin(batch.indices, [self.course.folds[index] for index in batch.indices], inside)
                try:
                    worker.run(batch.images.to(worker.device).div(255), frame="input")
                except Exception as error:
                    if explained(error) is None:
                        raise
                    raise refused(self.network, self.photos, batch, error) from error
                sizes[batch.indices] = batch.sizes
                before, done = done, self.course.after(batch.indices[-1])
                advance(done - before)
                if collector.end():
                    self._commit(collector, done, sizes)
                    self._save_now_and_then()
        self._commit(collector, len(self.course), sizes)
        advance(len(self.course) - done)

    def _commit(self, collector: Collector, done: int, sizes: np.ndarray) -> None:
        """One assignment makes the new state, so that an interruption sees the old one or the new one."""
        faulty = collector.flush()
        if faulty and not self.settings.skip_nonfinite:
            raise self._nonfinite(min(faulty, key=lambda fault: fault.number))
        found = {
            fault.number: (self.photos.identity(fault.number), f"{self.plan.owner(fault.column)} gave {_named(fault.value)}") for fault in faulty
        }
        unread = {one.name: one.reason for one in self.photos.left_out}
        numbers = [*self.course.panel, *self.course.others][self.state.done : done] if unread else []
        found |= {number: (name, unread[name]) for number in numbers if (name := self.photos.identity(number)) in unread}
        self.state = Progressed(done, collector.tally, sizes.copy(), self.state.left_out | found, dict(collector.grids.seen))

    def _save_now_and_then(self) -> None:
        if self.checkpoint is not None and time.monotonic() - self.saved > self.pause:
            self._save()

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        began = time.monotonic()
        changed = self.panel_kept < min(self.state.done, len(self.course.panel))
        self.checkpoint.write(self.state, self.recording.arrays if changed or not (self.checkpoint.folder / PANEL).exists() else None)
        self.panel_kept = self.state.done
        self.saved = time.monotonic()
        self.pause = max(SAVED_EVERY_S, SAVING_SHARE * (self.saved - began))

    def _reason(self, fault: Faulty) -> str:
        return f"{self.plan.owner(fault.column)} gave {_named(fault.value)}"

    def _nonfinite(self, fault: Faulty) -> NonFiniteError:
        return NonFiniteError(
            f"{self._reason(fault)} on {self.photos.identity(fault.number)}. "
            "The network is not finite on this photograph; --skip-nonfinite (skip_nonfinite=True) leaves it out and counts it."
        )

    def _result(self) -> Sweep:
        state, left_out = self.state, self.state.left_out
        seen = [index for index in self.course.panel if state.sizes[index, 0] > 0 and index not in left_out]
        return Sweep(
            provenance=self.provenance,
            plan=self.plan,
            tally=tally_of(tally_arrays(state.tally)),
            panel=self.recording.finished(seen, Grids(state.grids)),
            identities=tuple(self.photos.identity(index) for index in range(len(self.photos))),
            sizes=state.sizes,
            fold_of=np.array(self.course.folds, np.int32),
            folds=self.settings.folds,
            left_out=tuple(LeftOut(*left_out[number]) for number in sorted(left_out)),
            network=self.network,
            photos=self.photos,
        )


def _provenance(network: Network, photos: Photos, chosen: Plan, settings: Settings) -> Provenance:
    kept = {name: getattr(settings, name) for name in Settings.__dataclass_fields__ if name != "seed"}
    del kept["batch_size"]  # changes nothing
    if chosen_part := kept.pop("shard"):
        kept["shard"] = list(chosen_part)
    kept["sites"] = [entry.site.address for entry in chosen.entries]
    kept["preprocess"] = repr(network.preprocess)
    return Provenance("sweep", network.name, network.weights_hash, photos.hash, settings=kept, seed=settings.seed)


def _named(value: float) -> str:
    return "NaN" if value != value else "infinity" if value > 0 else "minus infinity"
