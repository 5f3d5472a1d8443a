"""Sweeps of parts of one source of photographs, put together: the same as one sweep of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from optogram.errors import SettingError, StaleError
from optogram.exemplars.panel import Panel, Recorded
from optogram.result import Provenance

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep

Shard = tuple[int, int]
"""Which part, from 1, of how many: photograph number i belongs to part 1 + i modulo the number of parts."""


def checked_shard(shard: Shard, photographs: int) -> Shard:
    """The shard, if it is one of photographs that there are; `SettingError` otherwise."""
    part, parts = shard
    if not 1 <= part <= parts:
        raise SettingError(f"a shard is (part, parts) with the part from 1 to the number of parts; got {shard}")
    if part > photographs:
        raise SettingError(f"part {part} of {parts} has none of the {photographs:,} photographs. Use at most {photographs:,} parts")
    return part, parts


def merge(sweeps: Sequence[Sweep]) -> Sweep:
    """One sweep of all parts `shard=(1, n)` to `(n, n)`, in any order; costs no pass.

    Raises `SettingError` where a part is missing or there twice, `StaleError` where one is of another network, other photographs
    or made with other settings.
    """
    parts = [_shard(sweep) for sweep in sweeps]
    if not parts:
        raise SettingError("give the sweeps of all parts to merge")
    count = parts[0][1]
    first = _whole(sweeps[0])
    for sweep in sweeps[1:]:
        if different := _differing(first, _whole(sweep)) or (["number of parts"] if _shard(sweep)[1] != count else []):
            raise StaleError(f"parts were swept with other {' and '.join(different)}: sweep them again alike")
    missing = sorted(set(range(1, count + 1)) - {part for part, _ in parts})
    if missing or len(parts) != count:
        what = f"part {missing[0]} of {count} is missing" if missing else f"{len(parts)} sweeps for {count} parts: one is there twice"
        raise SettingError(f"{what}. Make it with og.sweep(..., shard=(part, {count})), on the command line --shard PART/{count}")
    ordered = [sweep for _, sweep in sorted(zip(parts, sweeps, strict=True), key=lambda pair: pair[0])]
    number = {identity: index for index, identity in enumerate(ordered[0].identities)}
    left_out = {number[one.name]: one for sweep in ordered for one in sweep.left_out}
    return replace(
        ordered[0],
        provenance=first,
        tally=reduce(lambda one, other: one.merged(other), [sweep.tally for sweep in ordered]),
        panel=_panel([sweep.panel for sweep in ordered]),
        sizes=np.max([sweep.sizes for sweep in ordered], axis=0),
        left_out=tuple(left_out[index] for index in sorted(left_out)),
    )


def _shard(sweep: Sweep) -> Shard:
    found = sweep.provenance.settings.get("shard")
    if found is None:
        raise SettingError(f"{sweep} is a sweep of all photographs: there is nothing to merge it with")
    part, parts = found
    return int(part), int(parts)


def _whole(sweep: Sweep) -> Provenance:
    """The provenance that a sweep of all photographs would have."""
    settings = {name: value for name, value in sweep.provenance.settings.items() if name != "shard"}
    return replace(sweep.provenance, settings=settings)


def _differing(one: Provenance, other: Provenance) -> list[str]:
    names = [entry.name for entry in fields(Provenance) if getattr(one, entry.name) != getattr(other, entry.name)]
    if "settings" in names:
        names.remove("settings")
        names += sorted(name for name in {*one.settings, *other.settings} if one.settings.get(name) != other.settings.get(name))
    return names


def _panel(panels: Sequence[Panel]) -> Panel:
    """Rows of all parts by the photographs' numbers."""
    indices = np.concatenate([panel.indices for panel in panels])
    order = np.argsort(indices)
    identities = [identity for panel in panels for identity in panel.identities]
    recorded = {site: _recorded([panel.at(site) for panel in panels if len(panel)], order) for site in panels[0].sites}
    return Panel(tuple(identities[row] for row in order), indices[order], np.concatenate([panel.folds for panel in panels])[order], recorded)


def _recorded(parts: Sequence[Recorded], order: np.ndarray) -> Recorded:
    grids = {part.grid for part in parts}
    if len(grids) > 1:
        raise StaleError(
            f"parts have maps of different sizes ({' and '.join(map(str, sorted(grids)))}): sweep them again with one og.Preprocess(size=...)"
        )
    arrays = {entry.name: np.concatenate([getattr(part, entry.name) for part in parts])[order] for entry in fields(Recorded) if entry.name != "grid"}
    if all(part.drive is part.greatest for part in parts):
        arrays |= {"drive": arrays["greatest"], "drive_place": arrays["place"]}
    return Recorded(**arrays, grid=grids.pop())
