"""Arguments and options that several commands share, so that they are named and explained alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="torchvision:NAME, timm:NAME, hf:NAME, zoo:NAME or path/file.py:factory.", show_default=False)
]
Photos = Annotated[str, typer.Argument(metavar="PHOTOS", help="A folder of photographs, or of class folders.", show_default=False)]
Weights = Annotated[
    str | None, typer.Option("--weights", metavar="FILE", help="The network's weights, safetensors or .pt; `none` for seeded random ones.")
]
Labels = Annotated[Path | None, typer.Option("--labels", metavar="FILE", help="Class names, one a line.")]
Preparation = Annotated[
    str | None,
    typer.Option(
        "--preprocess",
        metavar="SETTINGS",
        help="How photographs are prepared, where it is not as the network knows: size=256,crop=224,mean=.485/.456/.406,std=.5",
        show_default=False,
    ),
]
Viewer = Annotated[str, typer.Option("--viewer", help="Who looks at the patches: `bank`, or another MODEL (with --viewer-weights).")]
ViewerWeights = Annotated[str | None, typer.Option("--viewer-weights", metavar="FILE", help="The viewer's weights, or `none`.")]
ViewerPreparation = Annotated[str | None, typer.Option("--viewer-preprocess", metavar="SETTINGS", help="As --preprocess, for the viewer.")]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same machine, same result.")]
Device = Annotated[str | None, typer.Option("--device", help="cpu, cuda, cuda:1, mps; by default the processor.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
