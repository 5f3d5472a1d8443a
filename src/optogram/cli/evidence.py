"""Test what the pictures of units claim, against wrong pictures and untrained twins."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Seed, Weights
from optogram.cli._output import as_json, checked


def evidence(
    model: Model,
    photos: Photos,
    sites: Annotated[list[str] | None, typer.Option("--site", metavar="SITE", help="A site to test; may be repeated. Default: all.")] = None,
    twins: Annotated[int, typer.Option("--twins", min=1, help="Untrained twins; 21 at least to show one unit alone.")] = 39,
    viewer: Annotated[str, typer.Option("--viewer", help="`bank`, or another MODEL (with --viewer-weights).")] = "bank",
    viewer_weights: Annotated[str | None, typer.Option("--viewer-weights", metavar="FILE", help="The viewer's weights, or `none`.")] = None,
    verdicts: Annotated[list[str] | None, typer.Option("--verdict", help="Show units with this verdict only; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A figure of the families.")] = None,
    weights: Weights = None,
    labels: Labels = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Test what the pictures of units claim, against wrong pictures and untrained twins.

    Without --verdict or --json one line a site; with --verdict one line a unit, strongest first.
    """
    from optogram.cli._story import WORDS
    from optogram.errors import SettingError, unknown
    from optogram.evidence._judge import judge
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    for verdict in verdicts or ():
        if verdict not in WORDS:
            raise SettingError(unknown("verdict", verdict, WORDS))
    target = None if out is None else checked(out)
    network = load(model, weights=weights, labels=labels, device=device, seed=seed)
    eye = viewer if viewer == "bank" else load(viewer, weights=viewer_weights, device=device, seed=seed)
    found = judge(network, open_images(photos, channels=network.channels), sites=sites, viewer=eye, twins=twins, seed=seed)
    if target is not None:
        found.save(target)
    shown = found.select(lambda row: row.null == "twins" and row.verdict in verdicts) if verdicts else found
    if json:
        print(as_json([asdict(row) for row in shown.rows]))
    elif verdicts:
        for row in sorted(shown.rows, key=lambda row: -row.effect):
            print(f"{row.unit:<28} {row.verdict:<11} {row.effect:6.2f} [{row.low:.2f}, {row.high:.2f}]  {row.sentence}")
    else:
        print(shown)
    if target is not None and not json:
        print(target)
