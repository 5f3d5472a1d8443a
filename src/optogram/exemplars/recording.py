"""The panel while a pass fills it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.exemplars.extremes import STRIDE, flat
from optogram.exemplars.grids import Grids
from optogram.exemplars.panel import Panel, Recorded
from optogram.exemplars.plan import Plan, Planned
from optogram.images.patches import place_probes
from optogram.network.site import Site

KEPT = ("greatest", "mean", "probes")
"""What a pass may keep of each panel photograph; `greatest` includes its place."""


@dataclass(frozen=True)
class Places:
    """The probe places of photographs on any map, found once for each size of map."""

    photos: tuple[str, ...]
    count: int
    seed: int
    _found: dict[tuple[int, ...], Int[np.ndarray, "photo probe"]] = field(default_factory=dict)

    def on(self, grid: tuple[int, ...]) -> Int[np.ndarray, "photo probe"]:
        """Flat places on that map; a map with fewer places than probes has as many probes as places."""
        if grid not in self._found:
            self._found[grid] = np.array([place_probes(photo, grid, self.count, self.seed) for photo in self.photos], np.int64)
        return self._found[grid]


class Recording:
    """Arrays for every site, one row a panel photograph, on the network's device; `finished` gives the panel.

    Rows may be written again: the last writing counts, so an interrupted pass may repeat some.
    """

    def __init__(
        self,
        plan: Plan,
        indices: Sequence[int],
        folds: Sequence[int],
        places: Places,
        keep: Sequence[str] = KEPT,
        device: torch.device | str = "cpu",
    ) -> None:
        self.plan, self.places, self.keep, self.photos = plan, places, tuple(keep), places.photos
        self.indices, self.folds = list(indices), list(folds)
        self.rows = {index: row for row, index in enumerate(self.indices)}
        self.arrays = {f"{entry.site.address} {name}": array for entry in plan.entries for name, array in self._blank(entry, device)}

    def _blank(self, entry: Planned, device: torch.device | str) -> list[tuple[str, Tensor]]:
        count, units = len(self.photos), entry.site.units
        probes = min(self.places.count, _probed_grid_count(entry.site))
        responses = ["greatest"] if "greatest" in self.keep else []
        responses += ["drive"] if responses and entry.before else []
        blank = [(name, torch.zeros(count, units, device=device)) for name in [*responses, *(["mean"] if "mean" in self.keep else [])]]
        blank += [(f"{name} place", torch.zeros(count, units, dtype=torch.int32, device=device)) for name in responses]
        if "probes" in self.keep:
            blank.append(("probes", torch.zeros(count, probes, units, device=device)))
            blank.append(("probe places", torch.zeros(count, probes, dtype=torch.int32, device=device)))
        return blank

    def rows_of(self, indices: Sequence[int]) -> list[int]:
        """The rows of those photographs."""
        return [self.rows[index] for index in indices]

    def write(self, entry: Planned, name: str, rows: Tensor, values: Tensor) -> None:
        """Writes rows of one array."""
        self.arrays[f"{entry.site.address} {name}"][rows] = values.to(self.arrays[f"{entry.site.address} {name}"].dtype)

    def record(self, entry: Planned, rows: Int[Tensor, " batch"], maps: Float[Tensor, "batch row column unit"]) -> None:
        """Keeps means and probes of one batch."""
        if "mean" in self.keep:
            self.write(entry, "mean", rows, maps.float().flatten(1, 2).mean(1))
        if "probes" not in self.keep:
            return
        places = self._probe_places(entry.site, rows, maps)
        photos = torch.arange(len(rows), device=maps.device)[:, None]
        row, column = (torch.from_numpy(part).to(maps.device) for part in np.divmod(places, maps.shape[2]))
        self.write(entry, "probes", rows, maps[photos, row, column])
        self.write(entry, "probe places", rows, row * STRIDE + column)

    def record_extremes(
        self, entry: Planned, name: str, rows: Int[Tensor, " batch"], values: Float[Tensor, "batch unit"], places: Int[Tensor, "batch unit"]
    ) -> None:
        """Keeps greatest values and their places: of the site (`greatest`) or of its pre-activation (`drive`)."""
        self.write(entry, name, rows, values)
        self.write(entry, f"{name} place", rows, places)

    def _probe_places(self, site: Site, rows: Tensor, maps: Tensor) -> Int[np.ndarray, "batch probe"]:
        grid, skipped = _probed_grid(site, maps)
        found = self.places.on(grid)[rows.cpu().numpy()] + skipped
        width = self.arrays[f"{site.address} probes"].shape[1]
        again = list(islice(cycle(range(found.shape[1])), width))
        return np.asarray(found[:, again])

    def finished(self, swept: Sequence[int], grids: Grids) -> Panel:
        """The panel of those photographs (indices) that were really seen."""
        seen = set(swept)
        rows = np.array([row for row, index in enumerate(self.indices) if index in seen], np.int64)
        recorded = {entry.site.address: self._recorded(entry, rows, grids.of(entry.site)) for entry in self.plan.entries}
        identities = tuple(self.photos[row] for row in rows)
        return Panel(identities, np.array(self.indices, np.int64)[rows], np.array(self.folds, np.int64)[rows], recorded)

    def _recorded(self, entry: Planned, rows: Int[np.ndarray, " row"], grid: tuple[int, ...]) -> Recorded:
        columns = grid[1] if len(grid) == 2 else STRIDE

        def taken(name: str, *empty: int) -> np.ndarray:
            array = self.arrays.get(f"{entry.site.address} {name}")
            return np.zeros((len(rows), *empty), np.float32) if array is None else np.asarray(array.cpu().numpy()[rows])

        def placed(name: str, *empty: int) -> np.ndarray:
            return flat(taken(name, *empty).astype(np.int32), columns)

        response, place = taken("greatest", 0), placed("greatest place", 0)
        drive, drive_place = (taken("drive", 0), placed("drive place", 0)) if entry.before and response.size else (response, place)
        return Recorded(response, place, taken("mean", 0), taken("probes", 0, 0), placed("probe places", 0), drive, drive_place, grid)


def _probed_grid(site: Site, maps: Tensor) -> tuple[tuple[int, ...], int]:
    """The map that probe places are drawn on, and how many tokens stand before it: class tokens see no particular patch."""
    if site.patch_grid and site.layout == "tokens" and maps.shape[2] == len(site.prefix) + site.patch_grid[0] * site.patch_grid[1]:
        return site.patch_grid, len(site.prefix)
    if not site.grid:
        return (), 0
    return (maps.shape[1], maps.shape[2]) if len(site.grid) == 2 else (maps.shape[2],), 0


def _probed_grid_count(site: Site) -> int:
    return site.places_count - (len(site.prefix) if site.patch_grid else 0)
