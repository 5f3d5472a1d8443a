"""The build's synthesis: which units get a picture, one checkpoint a site."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from optogram.atlas.folder import slug, write_atomically
from optogram.atlas.settings import WORKSHOP, Settings
from optogram.atlas.site_files import Drawn, Pictures
from optogram.evenly import evenly
from optogram.network.address import placed
from optogram.progress import Progress

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep
    from optogram.network.network import Network
    from optogram.network.site import Site


def pictured_sites(sites: list[Site], wish: str | tuple[str, ...]) -> list[Site]:
    """The sites whose units get pictures: `stages` is the last spatial site of each resolution and the head."""
    if wish == "none":
        return []
    if wish == "all":
        return sites
    if isinstance(wish, tuple):
        return [site for site in sites if site.address in wish]
    last: dict[tuple[int, ...], Site] = {}
    for site in sites:
        last[site.grid] = site
    return [site for site in sites if last[site.grid] is site]


def pictured_units(site: Site, most: int) -> list[int]:
    """At most so many units, evenly spaced."""
    return evenly(range(site.units), most)


def synthesise_site(
    root: Path, network: Network, site: Site, sweep: Sweep, settings: Settings, progress: Progress, whose: str = "", nine: Sequence[str] = ()
) -> Pictures:
    """The pictures of one site, from the checkpoints (`whose` network's) that are there; dead units are left out.

    Each unit gets `settings.seeds` pictures, those whose addresses are in `nine` at least nine.
    """
    moments = sweep.moments(site.address)
    units = [unit for unit in pictured_units(site, settings.picture_units) if moments.least[unit] != moments.greatest[unit]]
    starts = {unit: max(settings.seeds, NINE if f"{site.address}:{unit}" in nine else 1) for unit in units}
    drawn: dict[int, list[Drawn]] = {unit: [] for unit in units}
    for number in range(max(starts.values(), default=0)):
        checkpoint = root / WORKSHOP / f"{whose}pictures-{slug(site.address)}-{number}.npz"
        if not checkpoint.exists():
            _climb(checkpoint, network, site, [unit for unit in units if starts[unit] > number], sweep, settings, number, progress)
        for unit, one in _read(checkpoint, settings.seed + number):
            drawn[unit].append(one)
    return Pictures({unit: sorted(found, key=lambda one: one.image is None) for unit, found in drawn.items()}, settings.steps)


def _climb(
    checkpoint: Path, network: Network, site: Site, units: Sequence[int], sweep: Sweep, settings: Settings, number: int, progress: Progress
) -> None:
    """One picture of each unit, from the start of this number, kept for a build that goes on."""
    from optogram.synthesis.synthesize import synthesize

    addresses = [f"{site.address}:{unit}{_place(network, site)}" for unit in units]
    result = synthesize(network, addresses, steps=settings.steps, seed=settings.seed + number, sweep=sweep, progress=progress)
    pixels = (np.clip(result.images, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(0, 2, 3, 1)
    found = {"units": np.array(units), "pixels": pixels, "activations": np.asarray(result.activations, np.float32)}
    verdicts = json.dumps([str(verdict) for verdict in result.verdict])

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, verdicts=np.array(verdicts), **found)

    write_atomically(checkpoint, write)


def _place(network: Network, site: Site) -> str:
    """The central neuron where it sees less than the image: its picture is then cut as the photographs' patches are."""
    from optogram.network.receptive_field import field_of

    box = field_of(network, site).box()
    height, width = network.input_size
    return placed(site.centre()) if site.grid and box.height * box.width < height * width else ""


def _read(checkpoint: Path, seed: int) -> list[tuple[int, Drawn]]:
    with np.load(checkpoint) as kept:
        rows = zip(kept["units"], kept["pixels"], kept["activations"], json.loads(str(kept["verdicts"])), strict=True)
        return [
            (int(unit), Drawn(None if verdict in FAILED else pixels, float(activation), verdict, seed)) for unit, pixels, activation, verdict in rows
        ]


NINE = 9
"""As many pictures as photographs stand beside them."""

FAILED = ("dead start", "no gradient", "not finite")
"""A picture with one of these verdicts is the noise that it began from: it is named, not shown."""
