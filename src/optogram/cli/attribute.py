"""Show what in a photograph drives a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from optogram.cli._attributions import kept, sheet, told, typed
from optogram.cli._options import Device, Json, Labels, Model, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked


def attribute(
    model: Model,
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="A photograph, or a folder for a gallery of all in it.", show_default=False)],
    unit: Annotated[str | None, typer.Argument(metavar="[TARGET]", help="fc:tabby, tabby, layer3:12@3,5 or 'tabby - tiger cat'.")] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="T", help="The same as TARGET; --target=-tabby for what speaks against it.")
    ] = None,
    method: Annotated[str, typer.Option("--method", help="See `optogram methods`; `all`, or several with commas: one sheet.")] = "guided_backprop",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A .png, .svg, .webp or .jpg figure, or .npz for the numbers.")] = Path(
        "attribution.png"
    ),
    source: Annotated[str | None, typer.Option("--source", metavar="SITE", help="Ask about this site's units instead of the pixels.")] = None,
    reduce: Annotated[str, typer.Option("--reduce", help="A unit's response: max (its greatest neuron), mean or sum over places.")] = "max",
    baseline: Annotated[str | None, typer.Option("--baseline", help="What stands for absence: black, mean, blur or noise.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of integrated gradients.")] = None,
    samples: Annotated[int | None, typer.Option("--samples", min=1, help="Random draws of methods that draw.")] = None,
    cells: Annotated[int | None, typer.Option("--cells", min=1, help="Parts along the shorter side, of methods that cover parts.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Where Grad-CAM reads.")] = None,
    window: Annotated[int | None, typer.Option("--window", min=1, help="Side of occlusion's window in pixels.")] = None,
    stride: Annotated[int | None, typer.Option("--stride", min=1, help="Step of occlusion's window in pixels.")] = None,
    own: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any setting of the method: `optogram methods NAME`.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="generalised: go on where no paper defines the method.")] = None,
    check: Annotated[bool, typer.Option("--sanity", help="Does the map change when the learning, or the class, is changed?")] = False,
    max_memory: Annotated[str | None, typer.Option("--max-memory", help="Such as 2GB: smaller inner batches.")] = None,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Show what in a photograph drives a unit."""
    from optogram.attribution._attribute import attribute as run
    from optogram.errors import NotDefinedError
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    if (unit is None) == (target is None):
        raise typer.BadParameter("say what the map is to explain, once: optogram attribute MODEL PHOTO TARGET, such as fc:tabby or layer3:12")
    file = checked(out)
    given: dict[str, Any] = {"baseline": baseline, "steps": steps, "site": site, "window": window, "stride": stride, "rule": rule}
    given |= {"samples": samples, "cells": cells}
    chosen = {name: value for name, value in given.items() if value is not None} | typed(own or [], method)
    network = load(model, weights, labels, preprocess, device, seed)
    photos = open_images(photo, channels=network.channels) if photo.is_dir() else photo
    asked: dict[str, Any] = {"source": source, "reduce": reduce, "max_memory": max_memory, "seed": seed}
    if method == "all" or "," in method:
        sheet(network, photos, unit or target, method, file, chosen, asked, json)
        return
    try:
        found = run(network, photos, unit or target, method, **asked, **chosen)
    except NotDefinedError as error:
        raise NotDefinedError(str(error).replace('rule="generalised"', "--rule generalised").replace("Use ", "Use --method ", 1)) from error
    if check:
        from optogram.metrics._sanity import sanity

        found = sanity(network, found, seed=seed).attribution
    kept(found, file, many=photo.is_dir())
    if json:
        print(as_json(told(found) | {"file": file}))
        return
    print(found)
    print(file)
