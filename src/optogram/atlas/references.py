"""References of the quiz and of hypotheses: the strongest and the weakest photographs of either half, as many as the published task shows.

The plate holds the strongest of both halves together, of which one half may have none. Here each half has its own
(Borowski et al. 2021 show 9 and 9); what is on the unit's plate already is not kept twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from optogram.atlas.alt import exemplar_alt
from optogram.atlas.packs import NOWHERE, write_packs
from optogram.atlas.plates import CELL, patches
from optogram.atlas.sprites import jpeg, tiled
from optogram.atlas.tables import schemas
from optogram.evenly import evenly

if TYPE_CHECKING:
    from optogram.atlas.folder import Folder
    from optogram.atlas.frames import Frames
    from optogram.atlas.plates import Shown
    from optogram.atlas.schema import File
    from optogram.exemplars.result import Exemplar, Sweep
    from optogram.network.site import Site

REFERENCES = 9
"""Photographs of each kind and half, and cells in a row of a sheet."""
UNITS = 48
"""Units a site, evenly spaced over the order by evidence: twice as many as a quiz asks about."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One photograph of a unit's half: its rank there among so many, and its cell on the unit's plate (`on_plate`) or on its sheet of references."""

    unit: int
    kind: Literal["top", "bottom"]
    fold: int
    rank: int
    of: int
    cell: int
    on_plate: bool
    exemplar: Exemplar


def references(sweep: Sweep, site: Site, units: Sequence[Sequence[Shown]], most: int = UNITS) -> list[list[Reference]]:
    """Those of at most `most` living units; `units` are their plates' cells in the order by evidence, empty for a dead one."""
    return [_of_unit(sweep, site, cells) for cells in evenly([cells for cells in units if cells], most)]


def _of_unit(sweep: Sweep, site: Site, cells: Sequence[Shown]) -> list[Reference]:
    unit = cells[0].unit
    there = {(one.exemplar.image, one.exemplar.position): one.cell for one in reversed(cells)}
    found: list[Reference] = []
    new: dict[tuple[str, tuple[int, ...]], int] = {}
    kinds: tuple[Literal["top"], Literal["bottom"]] = ("top", "bottom")
    for kind in kinds:
        for fold in range(sweep.folds):
            shown = sweep.exemplars(f"{site.address}:{unit}", kind, min(REFERENCES, sweep.k), fold)
            for rank, exemplar in enumerate(shown):
                key = (exemplar.image, exemplar.position)
                on_plate = key in there
                cell = there[key] if on_plate else new.setdefault(key, len(new))
                found.append(Reference(unit, kind, fold, rank, len(shown), cell, on_plate, exemplar))
    return found


def write_references(
    folder: Folder, directory: str, site: str, found: Sequence[Sequence[Reference]], frames: Frames
) -> tuple[File | None, list[File]]:
    """Writes the sheets and the table; no table where there is nothing to tell."""
    packs, places = write_packs(folder, directory, "references", _sheets(found, frames))
    rows: dict[str, list[Any]] = {name: [] for name in schemas()["references"].names}
    for place, one in ((place, one) for place, unit in zip(places, found, strict=True) for one in unit):
        lies = NOWHERE if one.on_plate else place
        record = {
            **{name: getattr(one, name) for name in ("unit", "kind", "fold", "rank", "cell")},
            "photo": one.exemplar.image,
            "activation": one.exemplar.activation,
            "alt": _alt(site, one),
            "pack": lies.pack,
            "offset": lies.offset,
            "length": lies.length,
        }
        for name, values in rows.items():
            values.append(record[name])
    return (folder.table(directory, "references", rows, schemas()["references"]) if rows["unit"] else None), packs


def _alt(site: str, one: Reference) -> str:
    found, of = one.exemplar, f"{one.of} of half {one.fold}"
    return exemplar_alt(f"{site}:{one.unit}", one.kind, one.rank, of, found.image, found.boxes[1], found.activation)


def _sheets(found: Sequence[Sequence[Reference]], frames: Frames) -> Iterator[bytes | None]:
    for unit in found:
        cells = {one.cell: one.exemplar for one in unit if not one.on_plate}
        made = patches(frames, [cells[cell] for cell in range(len(cells))], CELL)
        yield jpeg(tiled(made, REFERENCES, CELL)) if made else None
