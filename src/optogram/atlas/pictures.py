"""The build's synthesis: which units get a picture, one checkpoint a site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from optogram.atlas.folder import slug, write_atomically
from optogram.atlas.settings import WORKSHOP, Settings
from optogram.atlas.site_files import NONE, Pictures
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
    if site.units <= most:
        return list(range(site.units))
    return sorted({int(unit) for unit in np.linspace(0, site.units - 1, most).round()})


def synthesise_site(root: Path, network: Network, site: Site, sweep: Sweep, settings: Settings, progress: Progress, whose: str = "") -> Pictures:
    """The pictures of one site, from the checkpoint (`whose` network's) if it is there; dead units are left out and named by their verdict."""
    from optogram.synthesis.synthesize import synthesize

    checkpoint = root / WORKSHOP / f"{whose}pictures-{slug(site.address)}.npz"
    if not checkpoint.exists():
        moments = sweep.moments(site.address)
        units = [unit for unit in pictured_units(site, settings.picture_units) if moments.least[unit] != moments.greatest[unit]]
        if not units:
            return NONE
        addresses = [f"{site.address}:{unit}{_place(network, site)}" for unit in units]
        result = synthesize(network, addresses, steps=settings.steps, seed=settings.seed, sweep=sweep, progress=progress)
        pixels = (np.clip(result.images, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(0, 2, 3, 1)
        found = {"units": np.array(units), "pixels": pixels, "activations": np.asarray(result.activations, np.float32)}
        verdicts = json.dumps([str(verdict) for verdict in result.verdict])

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, verdicts=np.array(verdicts), **found)

        write_atomically(checkpoint, write)
    return _read(checkpoint, settings)


def _place(network: Network, site: Site) -> str:
    """The central neuron where it sees less than the image: its picture is then cut as the photographs' patches are."""
    from optogram.network.receptive_field import field_of

    box = field_of(network, site).box()
    height, width = network.input_size
    return placed(site.centre()) if site.grid and box.height * box.width < height * width else ""


def _read(checkpoint: Path, settings: Settings) -> Pictures:
    with np.load(checkpoint) as kept:
        units = [int(unit) for unit in kept["units"]]
        verdicts = json.loads(str(kept["verdicts"]))
        shown = {unit: pixels for unit, pixels, verdict in zip(units, kept["pixels"], verdicts, strict=True) if verdict not in FAILED}
        activations = {unit: float(value) for unit, value in zip(units, kept["activations"], strict=True)}
    return Pictures(shown, activations, dict(zip(units, verdicts, strict=True)), settings.steps, settings.seed)


FAILED = ("dead start", "no gradient", "not finite")
"""A picture with one of these verdicts is the noise that it began from: it is named, not shown."""
