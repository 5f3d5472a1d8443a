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
    if json:
        print(as_json({"site": found.site, "explained": found.explained, "shares": found.shares, "exemplars": named, "file": file}))
        return
    lines = [f"{number:3d}  {share:4.0%}  {', '.join(row)}" for number, (share, row) in enumerate(zip(found.shares, named, strict=True))]
    print("\n".join([str(found), *lines, str(file)]))
