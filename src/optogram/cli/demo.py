"""Build the demo network's atlas from photographs that came along."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from optogram.cli._options import Seed


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The atlas's folder.")] = Path("demo-atlas"),
    crops: Annotated[int, typer.Option("--crops", min=100, help="Crops, from the halves of the photographs that training has not seen.")] = 1700,
    twins: Annotated[int, typer.Option("--twins", min=1, help="Untrained twins.")] = 39,
    seed: Seed = 0,
) -> None:
    """Build the demo network's atlas from photographs that came along.

    A small network, trained on halves of 17 photographs from scikit-image and scikit-learn; the other halves are swept.
    """
    from optogram.atlas.build import build_atlas
    from optogram.atlas.contact_sheet import contact_sheet
    from optogram.cli._stages import Stages
    from optogram.cli._story import greet, tell
    from optogram.zoo._photographs import held_out_crops
    from optogram.zoo.photonet import photonet

    network, photos = photonet(), held_out_crops(count=crops)
    trained = "trained on 17 photographs that came with scikit-image and scikit-learn"
    greet(network, "zoo:photonet", list(network.sites()), f"{len(photos):,} crops    held out from training", trained)
    began = monotonic()
    with Stages() as stages:
        atlas = build_atlas(network, photos, out, pictures="all", picture_units=1000, steps=96, twins=twins, panel=700, seed=seed, progress=stages)
    sheet = contact_sheet(atlas, out / "contact-sheet.png")
    tell(atlas, serve=".venv/bin/optogram serve" if Path(".venv/bin/optogram").exists() else "optogram serve", took=monotonic() - began)
    print(f"Sheet     {sheet}")
    print(LIMITS)


LIMITS = """
What 17 photographs cannot show
  Crops of one photograph are kin: folds split by photograph, so 17 scenes, not 1,700 crops, carry the evidence, and one half of
  them must say what drives a unit in the other. A finding here is about these scenes; a unit that can't be told may be one that
  needs more of the world. Bring your own: optogram atlas MODEL PHOTOS -o DIR"""
