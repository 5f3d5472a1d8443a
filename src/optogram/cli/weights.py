"""Draw the weights of a first convolution, or of a linear layer on pixels, as images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked, write_figure


def weights(
    model: Model,
    site: Annotated[str, typer.Argument(metavar="SITE", help="A first convolution, a linear layer on pixels, or the normalisation behind one.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A .png, .svg, .webp or .jpg sheet, or .npz for the numbers.")] = Path(
        "weights.png"
    ),
    shared: Annotated[bool, typer.Option("--shared-scale", help="One scale for all units instead of one each.")] = False,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Draw the weights of a first convolution, or of a linear layer on pixels, as images."""
    from optogram.network.load import load
    from optogram.result import FORMATS
    from optogram.weights.weight_images import weight_images

    target = checked(out)
    network = load(model, weights, labels, preprocess, device, seed)
    drawn = weight_images(network, site)
    if shared and target.suffix.lower() in FORMATS:
        write_figure(drawn.figure("shared"), target)
    else:
        drawn.save(target)
    found = {"units": drawn.units, "names": drawn.names, "order": drawn.order, "empty": drawn.empty, "shape": drawn.values.shape[1:]}
    print(as_json(found | {"file": target}) if json else f"{drawn}   {target}")
