"""What a sweep has found: exemplars, moments and the panel of every unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from optogram.errors import AddressError, NotDefinedError, SettingError, unknown
from optogram.exemplars.exemplar import Exemplar as Exemplar
from optogram.exemplars.exemplar import Exemplars as Exemplars
from optogram.exemplars.exemplar import Kind
from optogram.exemplars.extremes import STRIDE, flat
from optogram.exemplars.key import unpack
from optogram.exemplars.lists import Lists
from optogram.exemplars.moments import QUANTILES, Moments, moments
from optogram.exemplars.panel import Panel
from optogram.exemplars.patch import Cutter, Neuron
from optogram.exemplars.plan import Plan, Planned
from optogram.exemplars.tally import Tally
from optogram.images.left_out import LeftOut
from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from PIL.Image import Image

    from optogram.images.photos import Photos
    from optogram.network.network import Network


USUAL = 9
"""How many exemplars are shown unless somebody asks for more."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A site's lists as arrays: photographs' numbers (-1 where a list is not full), activations (NaN there) and flat places."""

    indices: Int[np.ndarray, "unit k"]
    activations: Float[np.ndarray, "unit k"]
    places: Int[np.ndarray, "unit k"]


@dataclass(frozen=True)
class Sweep(Result):
    """One pass of photographs through a network.

    `identities`: every photograph's, in the source's order; `sizes`: their heights and widths, 0 where one was not read;
    `folds`: how many; `k`: how long the lists are; `left_out`: photographs that could not be read or were not finite. `network`
    and `photos` are needed for boxes and patches only.
    """

    provenance: Provenance
    plan: Plan
    tally: Tally
    panel: Panel
    identities: tuple[str, ...]
    sizes: Int[np.ndarray, "photo 2"]
    fold_of: Int[np.ndarray, " photo"]
    folds: int
    left_out: tuple[LeftOut, ...] = ()
    network: Network | None = field(default=None, repr=False, compare=False)
    photos: Photos | None = field(default=None, repr=False, compare=False)

    @property
    def sites(self) -> tuple[str, ...]:
        """The addresses of the sites swept, in the order in which they are computed."""
        return tuple(entry.site.address for entry in self.plan.entries)

    @property
    def k(self) -> int:
        """How many of the greatest and of the least were kept for each unit and fold."""
        return self.tally.top.k

    @property
    def swept(self) -> int:
        """How many photographs count."""
        return int((self.sizes[:, 0] > 0).sum()) - sum(1 for one in self.left_out if self.sizes[self._number[one.name], 0] > 0)

    def exemplars(self, unit: str, kind: Kind = "top", k: int | None = None, fold: int | None = None) -> Exemplars:
        """The `k` photographs that drive a unit most (`"top"`) or least (`"bottom"`), or `k` nearest each quantile of its responses.

        `k` is 9 by default, or as many as were kept. A photograph's activation is its neuron with the greatest value (bottom: the
        least). At rectified sites bottom and quantile exemplars are of the pre-activation, where there is one. `fold`: one half
        only. Quantiles (5, 25, 50, 75, 95 %) come from the panel.
        Raises `AddressError` for an unknown unit, `SettingError` if `k` is more than the sweep kept.
        """
        entry, index = self._found(unit)
        k = min(USUAL, self.k) if k is None else k
        if kind not in ("top", "bottom", "quantile"):
            raise SettingError(f'kind is "top", "bottom" or "quantile"; got "{kind}"')
        if fold is not None and not 0 <= fold < self.folds:
            raise SettingError(f"fold is 0 to {self.folds - 1}, or None for all; got {fold}")
        items = self._between(entry, index, k, fold) if kind == "quantile" else self._extreme(entry, index, kind, k, fold)
        return Exemplars(f"{entry.site.address}:{index}", kind, items, self._told(entry, index, kind))

    def ranked(self, site: str, kind: Kind = "top", fold: int | None = None) -> Ranked:
        """The lists of all units of a site at once, as arrays; `kind` is `"top"` or `"bottom"`."""
        return self._ranked(self._entry(site), kind, fold)

    def moments(self, site: str) -> Moments:
        """Mean, spread, quantiles, extremes and share of zeros of the responses of a site's units."""
        entry = self._entry(site)
        high = unpack(self.tally.top.keys[:, entry.columns, 0])[0].numpy()
        low = self.tally.low[:, entry.columns].numpy()
        return moments(self.panel.greatest(site), self.panel.mean(site), low.min(0), np.fmax.reduce(high, axis=0))

    def merged(self, *others: Sweep) -> Sweep:
        """A part of a source of photographs (`og.sweep(..., shard=...)`) with all others: what one sweep of all gives."""
        from optogram.exemplars.merging import merge

        return merge([self, *others])

    def figure(self) -> Image:
        """A strip of top exemplars for the first units of each site."""
        from optogram.exemplars.strip import overview

        return overview(self)

    def save(self, path: str | Path) -> Path:
        """Keeps the sweep: `.safetensors` (or no ending) everything that `load` wants, the same bytes for the same sweep.

        `.npz` its numbers alone, as of any result; an image's ending its figure.
        """
        from optogram.exemplars.storage import save
        from optogram.result import FORMATS

        return super().save(path) if Path(path).suffix.lower() in (*FORMATS, ".npz") else save(self, Path(path))

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers by name: of each site its units' lists (`SITE top activations`, as `ranked`) and the panel (`SITE greatest`, `SITE mean`)."""
        found = {"sizes": self.sizes, "folds": self.fold_of, "panel": self.panel.indices}
        for site in self.sites:
            for kind in ("top", "bottom"):
                ranked = self.ranked(site, kind)
                found |= {f"{site} {kind} {name}": getattr(ranked, name) for name in ("indices", "activations", "places")}
            found |= {f"{site} greatest": self.panel.greatest(site), f"{site} mean": self.panel.mean(site)}
        return found

    @classmethod
    def load(cls, path: str | Path, network: Network | None = None, photos: Photos | None = None) -> Sweep:
        """What `save` has kept. With `network` and `photos` boxes and patches work too; `StaleError` if these are others."""
        from optogram.exemplars.storage import load

        return load(Path(path), network, photos)

    def __str__(self) -> str:
        left = f", {len(self.left_out):,} left out" if self.left_out else ""
        return f"Sweep of {self.provenance.network}: {self.swept:,} photographs{left}, {len(self.sites)} sites, {self.plan.units:,} units"

    @cached_property
    def _number(self) -> dict[str, int]:
        return {identity: number for number, identity in enumerate(self.identities)}

    @cached_property
    def _lists(self) -> dict[tuple[str, Kind, int | None], Ranked]:
        """Lists that were asked for, of all units of a site at once: those of one unit take as long."""
        return {}

    @cached_property
    def _cutter(self) -> Cutter:
        return Cutter(self.network, self.photos, self.sizes)

    def _entry(self, site: str) -> Planned:
        for entry in self.plan.entries:
            if entry.site.address == site:
                return entry
        raise AddressError(unknown("site", site, self.sites, "Name it in og.sweep(sites=[...]).", where=" in this sweep"))

    def _found(self, unit: str) -> tuple[Planned, int]:
        """The site and number of a unit: the network resolves labels and second names; without it an index is needed."""
        if self.network is not None:
            found = self.network.unit(unit)
            if found.place is not None or found.head:
                raise NotDefinedError(f"a sweep keeps exemplars of units, not of single neurons or heads: ask for {found.site.address}:{found.index}")
            return self._entry(found.site.address), found.index
        site, _, index = unit.rpartition(":")
        entry = self._entry(site)
        if not index.isdigit() or int(index) >= entry.site.units:
            raise AddressError(f"{site} has units 0 to {entry.site.units - 1}; got {unit}. Labels need Sweep.load(path, network, photos)")
        return entry, int(index)

    def _ranked(self, entry: Planned, kind: Kind, fold: int | None) -> Ranked:
        key = (entry.site.address, kind, fold)
        if key not in self._lists:
            lists = self.tally.top if kind == "top" else self.tally.bottom
            lists = Lists(lists.keys[:, entry.columns], lists.places[:, entry.columns])
            values, numbers, places = (part[fold or 0].numpy() for part in (lists.over_folds() if fold is None else lists).entries())
            grid = self.panel.grid(entry.site.address)
            flat_places = flat(places, grid[1] if len(grid) == 2 else STRIDE)
            self._lists[key] = Ranked(numbers, values if kind == "top" else 0.0 - values, flat_places)
        return self._lists[key]

    def _extreme(self, entry: Planned, unit: int, kind: Kind, k: int, fold: int | None) -> list[Exemplar]:
        if not 1 <= k <= self.k:
            raise SettingError(f"this sweep kept {self.k} exemplars of each kind; got k={k}. og.sweep(..., k={k}) keeps more")
        ranked = self._ranked(entry, kind, fold)
        rows = zip(ranked.indices[unit, :k], ranked.activations[unit, :k], ranked.places[unit, :k], strict=True)
        return [self._exemplar(entry, unit, int(index), float(value), int(place)) for index, value, place in rows if index >= 0]

    def _between(self, entry: Planned, unit: int, k: int, fold: int | None, levels: Sequence[float] = QUANTILES) -> list[Exemplar]:
        """`k` panel photographs around each quantile: consecutive in the order of responses (ties by number), centred on it."""
        recorded = self.panel.at(entry.site.address)
        rows = np.arange(len(self.panel)) if fold is None else self.panel.fold(fold)
        order = rows[np.argsort(recorded.drive[rows, unit], kind="stable")]
        found = []
        for level in levels:
            first = min(max(round(level * (len(order) - 1)) - k // 2, 0), max(len(order) - k, 0))
            for row in reversed(order[first : first + k]):
                value, place = float(recorded.drive[row, unit]), int(recorded.drive_place[row, unit])
                found.append(self._exemplar(entry, unit, int(self.panel.indices[row]), value, place, level))
        return found

    def _exemplar(self, entry: Planned, unit: int, index: int, value: float, place: int, level: float | None = None) -> Exemplar:
        position = entry.site.place_at(place, self.panel.grid(entry.site.address))
        fold, cutter = int(self.fold_of[index]), self._cutter
        boxes = Neuron(cutter, entry.site, unit, index, position)
        return Exemplar(self.identities[index], index, value, position, fold, level, _boxes=boxes, _cut=cutter.patch, _whole=cutter.photograph)

    def _told(self, entry: Planned, unit: int, kind: Kind) -> str:
        recorded = self.panel.at(entry.site.address)
        told = []
        if len(self.panel):
            response = recorded.greatest[:, unit]
            if response.min() == response.max() and len(response) > 1:
                told.append(f"{response[0]:.4g} on every photograph")
            elif (zero := float((response == 0).mean())) > 0:
                told.append(f"zero on {100 * zero:.0f} %" if zero >= 0.005 else "zero on under 1 %")
        if kind != "top" and entry.before is not None:
            told.append("of the pre-activation")
        return ", ".join(told)
