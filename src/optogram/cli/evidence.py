"""Test what the pictures of units claim, against wrong pictures and untrained twins."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Preparation, Seed, Viewer, ViewerPreparation, ViewerWeights, Weights
from optogram.cli._output import as_json, checked


def evidence(
    model: Model,
    photos: Photos,
    sites: Annotated[list[str] | None, typer.Option("--site", metavar="SITE", help="A site to test; may be repeated. Default: all.")] = None,
    twins: Annotated[int, typer.Option("--twins", min=1, help="Untrained twins; 21 at least to show one unit alone.")] = 39,
    viewer: Viewer = "bank",
    viewer_weights: ViewerWeights = None,
    viewer_preprocess: ViewerPreparation = None,
    claims: Annotated[list[str] | None, typer.Option("--claim", help="A claim, or `all`; may be repeated. Default: identification.")] = None,
    marks: Annotated[Path | None, typer.Option("--marks", metavar="FILE", help="For hypothesis: IDENTITY,yes or IDENTITY,no a line.")] = None,
    verdicts: Annotated[list[str] | None, typer.Option("--verdict", help="Show units with this verdict only; may be repeated.")] = None,
    sort: Annotated[str | None, typer.Option("--sort", help="A line a unit, sorted by verdict, effect, p, q or unit.")] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help="At most so many units.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A figure of the families.")] = None,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Test what the pictures of units claim, against wrong pictures and untrained twins.

    One line a site; with --verdict, --sort or --top one line a unit, strongest first. What is shown does not change what was
    corrected for: all units of a site.
    """
    from optogram.evidence._judge import judge
    from optogram.evidence._table import check, line, read_marks, table
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    check(verdicts or (), sort or "verdict")
    marked = None if marks is None else read_marks(marks)
    target = None if out is None else checked(out)
    network = load(model, weights, labels, preprocess, device, seed)
    eye = viewer if viewer == "bank" else load(viewer, viewer_weights, None, viewer_preprocess, device, seed)
    wanted = "all" if claims == ["all"] else claims
    found = judge(network, open_images(photos, channels=network.channels), None, sites, wanted, eye, twins, seed, marks=marked)
    if target is not None:
        found.save(target)
    chosen = table(found, verdicts or (), sort or "verdict", top) if verdicts or sort or top else None
    if json:
        print(as_json([asdict(row) for row in (found.rows if chosen is None else chosen)]))
    else:
        print(found if chosen is None else "\n".join(map(line, chosen)))
    if target is not None and not json:
        print(target)
