"""Build a network's atlas: a folder that is a web site, with evidence beside every picture."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Preparation, Seed, Viewer, ViewerPreparation, ViewerWeights, Weights


def atlas(
    model: Model,
    photos: Photos,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The atlas's folder; an interrupted build there is gone on with.")],
    sites: Annotated[list[str] | None, typer.Option("--site", metavar="SITE", help="A site; may be repeated. Default: all default sites.")] = None,
    pictures: Annotated[
        str, typer.Option("--pictures", help="Sites to synthesise pictures for: stages (the last site of each resolution), all, none.")
    ] = "stages",
    picture_units: Annotated[int, typer.Option("--picture-units", min=1, help="At most so many units a site get one, evenly spaced.")] = 64,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Pictures a unit, each from a start of its own: 9 stand beside 9 photographs.")] = 1,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of synthesis.")] = 128,
    twins: Annotated[int, typer.Option("--twins", min=0, help="Untrained twins; 0 leaves the evidence out.")] = 39,
    panel: Annotated[int, typer.Option("--panel", min=2, help="Photographs that evidence is computed on.")] = 700,
    claims: Annotated[
        list[str] | None, typer.Option("--claim", "--claims", help="A claim to test, or `all`; may be repeated. Default: identification.")
    ] = None,
    viewer: Viewer = "bank",
    viewer_weights: ViewerWeights = None,
    viewer_preprocess: ViewerPreparation = None,
    skip_nonfinite: Annotated[bool, typer.Option("--skip-nonfinite", help="Leave out photographs on which the network is not finite.")] = False,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Build a network's atlas: a folder that is a web site, with evidence beside every picture.

    Stop it with Ctrl-C at any time: the same command goes on where it was.
    """
    from optogram.atlas.build import build_atlas
    from optogram.cli._stages import Stages
    from optogram.cli._story import greet, tell
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    network = load(model, weights, labels, preprocess, device, seed)
    source = open_images(photos, channels=network.channels)
    wanted = None if sites is None else tuple(sites)
    looked = list(network.sites()) if sites is None else [network.site(address) for address in sites]
    began = monotonic()
    with Stages(None if json else lambda: greet(network, model, looked, f"{len(source):,} photographs of {photos}")) as stages:
        built = build_atlas(
            network,
            source,
            out,
            sites=wanted,
            pictures=pictures,
            picture_units=picture_units,
            seeds=seeds,
            steps=steps,
            twins=twins,
            panel=panel,
            claims=None if claims is None else tuple(claims),
            viewer=viewer,
            viewer_weights=viewer_weights,
            viewer_preprocess=viewer_preprocess,
            seed=seed,
            skip_nonfinite=skip_nonfinite,
            progress=stages,
        )
    if json:
        print(built.manifest.model_dump_json(indent=1))
    else:
        tell(built, took=monotonic() - began)
