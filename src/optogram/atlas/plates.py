"""A unit's exemplars on one picture: strongest, weakest, and at five quantiles, each cut to the receptive field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from optogram.atlas.alt import exemplar_alt
from optogram.atlas.frames import Frames
from optogram.atlas.sprites import Picture, jpeg, tiled
from optogram.atlas.tables import QUANTILES

if TYPE_CHECKING:
    from optogram.exemplars.result import Exemplar, Sweep
    from optogram.network.site import Site

CELL = 96
"""Side of a cell in pixels: 63 cells of 96 pixels are 50 to 140 kB of JPEG."""
NO_MAP = MappingProxyType({"map_pack": -1, "map_offset": 0, "map_rows": 0, "map_columns": 0, "map_limit": 0.0})
"""The columns of an exemplar without an attribution map."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One exemplar on a plate: which list it is from, its quantile and rank there, and its cell."""

    unit: int
    kind: str
    quantile: float | None
    rank: int
    cell: int
    exemplar: Exemplar


def chosen(sweep: Sweep, site: Site, unit: int, k: int) -> list[Shown]:
    """The unit's exemplars in plate order: `k` strongest, `k` at each quantile from high to low, `k` weakest."""
    address = f"{site.address}:{unit}"
    lists: list[tuple[str, float | None, Sequence[Exemplar]]] = [("top", None, sweep.exemplars(address, "top", k))]
    quantiles = list(sweep.exemplars(address, "quantile", k))
    for quantile in reversed(QUANTILES):
        near = [found for found in quantiles if found.quantile is not None and abs(found.quantile - quantile) < 1e-6]
        lists.append(("quantile", quantile, near))
    lists.append(("bottom", None, sweep.exemplars(address, "bottom", k)))
    return [
        Shown(unit, kind, quantile, rank, row * k + rank, exemplar)
        for row, (kind, quantile, found) in enumerate(lists)
        for rank, exemplar in enumerate(found[:k])
    ]


def patches(frames: Frames, exemplars: Sequence[Exemplar], side: int) -> list[Picture]:
    """The exemplars' patches from the input frame, in square cells."""
    return frames.cells([(exemplar.image, exemplar.input_box) for exemplar in exemplars], side)


def plate(frames: Frames, cells: Sequence[Shown], columns: int, rows: int) -> bytes:
    """One unit's plate as JPEG: there is one a unit, and WebP of them was half of the time of building pages."""
    sheet: list[np.ndarray | None] = [None] * (columns * rows)
    for one, made in zip(cells, patches(frames, [one.exemplar for one in cells], CELL), strict=True):
        sheet[one.cell] = made
    return jpeg(tiled(sheet, columns, CELL, rows))


def plates(frames: Frames, units: Sequence[Sequence[Shown]], columns: int) -> Iterator[bytes | None]:
    """Every unit's plate in order, made by two threads (Pillow lets go of the interpreter)."""
    rows = 2 + len(QUANTILES)
    with ThreadPoolExecutor(2, thread_name_prefix="optogram-plates") as pool:
        yield from pool.map(lambda cells: plate(frames, cells, columns, rows) if cells else None, units)


def exemplar_rows(
    site: Site, units: Sequence[Sequence[Shown]], k: int, maps: Mapping[tuple[int, int], dict[str, Any]] = MappingProxyType({})
) -> dict[str, list[Any]]:
    """The columns of the site's exemplar table; `maps`: by unit and rank, the columns of those of the strongest that have one."""
    from optogram.atlas.tables import schemas

    names = schemas()["exemplars"].names
    rows = [_row(site, one, k, maps.get((one.unit, one.rank), NO_MAP) if one.kind == "top" else NO_MAP) for cells in units for one in cells]
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True) if rows else ((),) * len(names), strict=True)}


def _row(site: Site, one: Shown, k: int, drawn: Mapping[str, Any]) -> tuple[Any, ...]:
    """One exemplar's values in the order of the table's columns."""
    found = one.exemplar
    row, column = (*found.position, -1, -1)[:2]
    input_box, box = found.boxes
    return (
        *(one.unit, one.kind, one.quantile, one.rank, found.fold, one.cell, found.image),
        *(found.activation, row, column),
        exemplar_alt(f"{site.address}:{one.unit}", one.kind, one.rank, k, found.image, box, found.activation, one.quantile),
        *box.as_tuple(),
        *input_box.as_tuple(),
        *(drawn["map_pack"], drawn["map_offset"], drawn["map_rows"], drawn["map_columns"], drawn["map_limit"]),
    )
