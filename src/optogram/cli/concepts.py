"""Split a site's activations into a few concepts, with the photographs that have most of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked


def concepts(
    model: Model,
    photos: Photos,
    site: Annotated[str, typer.Argument(metavar="SITE", help="With spatial extent: layer3.", show_default=False)],
    count: Annotated[int, typer.Option("--count", "-k", min=1, help="How many concepts.")] = 8,
    exemplars: Annotated[int, typer.Option("--exemplars", min=1, help="Photographs shown of each.")] = 5,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Updates of the factorisation.")] = 200,
    target: Annotated[str | None, typer.Option("--for", metavar="TARGET", help="How much each concept adds to this unit: fc:tabby.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A figure, or .npz for patterns and maps.")] = Path("concepts.png"),
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Split a site's activations into a few concepts, with the photographs that have most of each.

    Each concept is a pattern of units; its map says how much of it is where. They come from the photographs given: others find others.
    With --for, what each adds to a unit's response on these photographs, with limits, and what is lost without it.
    """
    from optogram.attribution._concepts import concepts as run
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    file = checked(out)
    network = load(model, weights, labels, preprocess, device, seed)
    images = open_images(photos, channels=network.channels)
    found = run(network, images, site, count, exemplars=exemplars, steps=steps, seed=seed)
    found.save(file)
    named = [[images.identity(photo) for photo in row] for row in found.exemplars.tolist()]
    importance = None if target is None else found.importance(network, images, target)
    if json:
        told = {"site": found.site, "explained": found.explained, "shares": found.shares, "exemplars": named, "file": file}
        told |= {} if importance is None else {"target": importance.target, "worth": importance.mean, "low": importance.low, "high": importance.high}
        print(as_json(told))
        return
    lines = [f"{number:3d}  {share:4.0%}  {', '.join(row)}" for number, (share, row) in enumerate(zip(found.shares, named, strict=True))]
    print("\n".join([str(found), *lines, *([] if importance is None else [str(importance)]), str(file)]))
