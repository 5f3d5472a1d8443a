"""Test what the pictures of units claim, against wrong pictures and untrained twins."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Preparation, Seed, Viewer, ViewerPreparation, ViewerWeights, Weights
from optogram.cli._output import as_json, checked


class Kind(StrEnum):
    """The two kinds of twin, and both in turn."""

    reinit = "reinit"
    shuffle = "shuffle"
    both = "both"


def evidence(
    model: Model,
    photos: Photos,
    sites: Annotated[list[str] | None, typer.Option("--site", metavar="SITE", help="A site to test; may be repeated. Default: all.")] = None,
    twins: Annotated[int, typer.Option("--twins", min=1, help="Untrained twins; 21 at least to show one unit alone.")] = 39,
    viewer: Viewer = "bank",
    viewer_weights: ViewerWeights = None,
    viewer_preprocess: ViewerPreparation = None,
    claims: Annotated[
        list[str] | None, typer.Option("--claim", "--claims", help="A claim, or `all`; may be repeated. Default: identification.")
    ] = None,
    marks: Annotated[Path | None, typer.Option("--marks", metavar="FILE", help="For hypothesis: IDENTITY,yes or IDENTITY,no a line.")] = None,
    maps: Annotated[str | None, typer.Option("--maps", metavar="METHOD", help="For sane and faithful: the attribution method.")] = None,
    power: Annotated[bool, typer.Option("--power", help="Only say what could be found with so many photographs, units and twins.")] = False,
    pictures: Annotated[
        int | None, typer.Option("--pictures", min=8, help="Units a site that get pictures; with them, `all` holds those claims.")
    ] = None,
    units: Annotated[list[str] | None, typer.Option("--unit", metavar="UNIT", help="A unit to make a picture of; may be repeated.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of synthesis a picture.")] = None,
    kind: Annotated[Kind | None, typer.Option("--twin-kind", help="How untrained twins are made. Default: both; fewer than 38, reinit.")] = None,
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

    Claims about pictures synthesise them, of --pictures units a site, in the network and in every twin alike.
    One line a site; with --verdict, --sort or --top one line a unit, strongest first. What is shown does not change what was
    corrected for: all units of a site.
    """
    from optogram.evidence._judge import judge
    from optogram.evidence._power import power_lines, power_table
    from optogram.evidence._table import check, line, read_marks, table
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    check(verdicts or (), sort or "verdict")
    marked = None if marks is None else read_marks(marks)
    target = None if out is None else checked(out)
    network = load(model, weights, labels, preprocess, device, seed)
    taken = open_images(photos, channels=network.channels)
    if power:
        planned = power_table(network, taken, sites, twins)
        print(as_json({site: asdict(one) for site, one in planned.items()}) if json else "\n".join(power_lines(planned)))
        return
    eye = viewer if viewer == "bank" else load(viewer, viewer_weights, None, viewer_preprocess, device, seed)
    wanted = "all" if claims == ["all"] else claims
    making = {name: value for name, value in (("units", units or pictures), ("steps", steps)) if value} or None
    found = judge(
        network, taken, None, sites, wanted, eye, twins, seed, twin_kind=kind.value if kind else None, marks=marked, maps=maps, pictures=making
    )
    if target is not None:
        found.save(target)
    chosen = table(found, verdicts or (), sort or "verdict", top) if verdicts or sort or top else None
    if json:
        print(as_json([asdict(row) for row in (found.rows if chosen is None else chosen)]))
    else:
        print(found if chosen is None else "\n".join(map(line, chosen)))
    if target is not None and not json:
        print(target)
