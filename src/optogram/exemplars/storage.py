"""A finished sweep in one safetensors file: the same bytes for the same sweep."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError

from optogram.errors import LoadError, StaleError
from optogram.exemplars.checkpoint import read_arrays, tally_arrays, tally_of, write_arrays
from optogram.exemplars.panel import Panel, Recorded
from optogram.exemplars.plan import Plan, Planned
from optogram.exemplars.result import Sweep
from optogram.images.left_out import LeftOut
from optogram.network.site import Site
from optogram.result import Provenance

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network

FORMAT = 1
FIELDS = ("greatest", "place", "mean", "probes", "probe_places", "drive", "drive_place")
"""The arrays of a site's panel. `drive` is kept only where it is not `greatest`."""


def save(sweep: Sweep, path: Path) -> Path:
    """Writes the sweep beside its place and renames it; without an ending the file gets `.safetensors`."""
    path = path if path.suffix == ".safetensors" else path.with_name(path.name + ".safetensors")
    arrays = {**tally_arrays(sweep.tally), "sizes": sweep.sizes, "fold of": sweep.fold_of}
    arrays |= {"panel indices": sweep.panel.indices, "panel folds": sweep.panel.folds}
    for address, recorded in sweep.panel.recorded.items():
        same = recorded.drive is recorded.greatest
        arrays |= {f"panel {address} {name}": getattr(recorded, name) for name in FIELDS if not (same and name.startswith("drive"))}
    about = {
        "format": FORMAT,
        "provenance": sweep.provenance.as_dict(),
        "sites": [asdict(entry.site) for entry in sweep.plan.entries],
        "before": [entry.before and asdict(entry.before) for entry in sweep.plan.entries],
        "grids": {address: recorded.grid for address, recorded in sweep.panel.recorded.items()},
        "identities": sweep.identities,
        "folds": sweep.folds,
        "left_out": [[one.name, one.reason] for one in sweep.left_out],
    }
    write_arrays(path, arrays, about)
    return path


def load(path: Path, network: Network | None, photos: Photos | None) -> Sweep:
    """Reads what `save` wrote; `StaleError` if the network's weights or the photographs are not the ones of the sweep."""
    try:
        arrays, about = read_arrays(path)
    except SafetensorError as error:
        raise LoadError(f"{path} is no kept sweep ({error}). `optogram sweep --keep FILE`, or Sweep.save, writes one") from error
    if about.get("format") != FORMAT:
        raise StaleError(f"{path} has format {about.get('format')}, this version reads {FORMAT}; sweep again")
    provenance = Provenance(**about["provenance"])
    if network is not None and network.weights_hash != provenance.weights:
        raise StaleError(f"{path} is a sweep of other weights ({provenance.weights}) than {network.name} has now ({network.weights_hash})")
    if photos is not None and tuple(about["identities"]) != tuple(photos.identity(index) for index in range(len(photos))):
        raise StaleError(f"{path} is a sweep of other photographs than {photos}")
    sites = [_site(known) for known in about["sites"]]
    entries, first = [], 0
    for site, before in zip(sites, about["before"], strict=True):
        entries.append(Planned(site, _site(before) if before else None, first))
        first += site.units
    indices = arrays["panel indices"]
    identities = tuple(about["identities"])
    recorded = {site.address: _recorded(arrays, site.address, tuple(about["grids"][site.address])) for site in sites}
    return Sweep(
        provenance=provenance,
        plan=Plan(tuple(entries)),
        tally=tally_of(arrays),
        panel=Panel(tuple(identities[index] for index in indices), indices, arrays["panel folds"], recorded),
        identities=identities,
        sizes=arrays["sizes"],
        fold_of=arrays["fold of"],
        folds=about["folds"],
        left_out=tuple(LeftOut(name, reason) for name, reason in about["left_out"]),
        network=network,
        photos=photos,
    )


def _recorded(arrays: dict[str, np.ndarray], address: str, grid: tuple[int, ...]) -> Recorded:
    found = {name: arrays.get(f"panel {address} {name}") for name in FIELDS}
    found["drive"] = found["greatest"] if found["drive"] is None else found["drive"]
    found["drive_place"] = found["place"] if found["drive_place"] is None else found["drive_place"]
    return Recorded(**found, grid=grid)  # type: ignore[arg-type]


def _site(known: dict[str, Any]) -> Site:
    """JSON knows lists where a site has tuples."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
    return Site(**values)
