"""Test whether a concept, shown by photographs of it, moves a class or a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked


def tcav(
    model: Model,
    photos: Photos,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="What may be moved: fc:zebra, zebra or layer4:12.", show_default=False)],
    concept: Annotated[str, typer.Option("--concept", metavar="DIR", help="Photographs of the concept: striped things.", show_default=False)],
    background: Annotated[str, typer.Option("--background", metavar="DIR", help="Photographs of anything, twice as many.", show_default=False)],
    site: Annotated[str, typer.Option("--site", help="Where the direction lies; it must feed TARGET.", show_default=False)],
    runs: Annotated[int, typer.Option("--runs", min=1, help="Concepts drawn at random from the background.")] = 99,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Directions, each against other background photographs.")] = 5,
    reduce: Annotated[str, typer.Option("--reduce", help="A unit's response: max (its greatest neuron), mean or sum over places.")] = "max",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A figure, or .npz for the numbers and the directions.")] = None,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Test whether a concept, shown by photographs of it, moves a class or a unit.

    PHOTOS are those of TARGET. The concept is compared with as many photographs drawn at random: near chance there is nothing to be tested.
    """
    from optogram.attribution._tcav import tcav as run
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    file = None if out is None else checked(out)
    network = load(model, weights, labels, preprocess, device, seed)
    shown, own, others = (open_images(one, channels=network.channels) for one in (photos, concept, background))
    found = run(network, shown, own, target, site=site, background=others, runs=runs, repeats=repeats, reduce=reduce, seed=seed)
    if file is not None:
        found.save(file)
    told = {name: getattr(found, name) for name in ("target", "site", "score", "sensitivity", "p", "accuracy", "null")}
    print(as_json(told | {"file": file}) if json else "\n".join(map(str, [found, file][: 1 if file is None else 2])))
