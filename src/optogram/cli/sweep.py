"""Find the photographs that drive units most, least and in between."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Labels, Model, Photos, Seed, Weights


def sweep(
    model: Model,
    photos: Photos,
    units: Annotated[list[str], typer.Argument(metavar="UNIT...", help="Units to show, such as layer3:12 or layer3:0-15.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A picture of the exemplars.")] = None,
    k: Annotated[int, typer.Option("-k", help="How many of each.")] = 9,
    weights: Weights = None,
    labels: Labels = None,
    seed: Seed = 0,
    device: Device = None,
) -> None:
    """Find the photographs that drive units most, least and in between."""
    from optogram.exemplars.sweep import sweep as run
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    network = load(model, weights=weights, labels=labels, device=device, seed=seed)
    wanted = [unit for address in units for unit in network.units(address)]
    sites = list(dict.fromkeys(unit.site.address for unit in wanted))
    found = run(network, open_images(photos, channels=network.channels), sites=sites, k=k, seed=seed)
    for unit in wanted:
        print(found.exemplars(unit.address, "top", k))
    if out is not None:
        from optogram.drawing.sheet import grid

        patches = [exemplar.patch for unit in wanted for exemplar in found.exemplars(unit.address, "top", k)]
        grid(patches, labels=[unit.address for unit in wanted], columns=k, title=str(found)).save(out)
        print(out)
