"""Rank the methods of attribution on your own network and photographs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked


def rank(
    model: Model,
    photos: Photos,
    target: Annotated[
        str | None, typer.Option("--target", help="One for all photographs; by default the class that each is named first (of one head).")
    ] = None,
    methods: Annotated[str, typer.Option("--method", help="`all`, or names with commas between.")] = "all",
    metric: Annotated[str, typer.Option("--metric", help="insertion, deletion, mu-fidelity, ...: see `optogram methods`.")] = "insertion",
    count: Annotated[int, typer.Option("--count", min=3, help="Photographs to use, drawn with the seed.")] = 12,
    equal_blur: Annotated[bool, typer.Option("--equal-blur", help="Smooth every map to the blurriest method's width first.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A figure, or .npz for the numbers.")] = None,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Rank the methods of attribution on your own network and photographs.

    Every method is asked about the same photographs; differences are paired, with 95 % limits, and three maps that cost nothing stand among them.
    """
    from optogram.images.folds import rank as drawn
    from optogram.images.open_images import open_images
    from optogram.metrics._rank import rank as run
    from optogram.network.load import load

    file = None if out is None else checked(out)
    network = load(model, weights, labels, preprocess, device, seed)
    source = open_images(photos, channels=network.channels)
    chosen = sorted(range(len(source)), key=lambda index: drawn(source.identity(index), seed))[:count]
    names = None if methods == "all" else [name.strip() for name in methods.split(",")]
    found = run(network, source.subset(sorted(chosen)), target, methods=names, metric=metric.replace("-", "_"), equal_blur=equal_blur, seed=seed)
    if file is not None:
        found.save(file)
    print(as_json([asdict(one) for one in found.standings]) if json else "\n".join(map(str, [found, file][: 1 if file is None else 2])))
