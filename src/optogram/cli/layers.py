"""List a network's sites: address, kind, units, shape, receptive field."""

from __future__ import annotations

from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Preparation, Seed, Weights
from optogram.cli._output import as_json


def layers(
    model: Model,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    every: Annotated[bool, typer.Option("--all", help="Every readable site, not only the default ones.")] = False,
    fields: Annotated[bool, typer.Option("--fields/--no-fields", help="Measure receptive fields (some forward passes).")] = True,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """List a network's sites: address, kind, units, shape, receptive field.

    By default each affine layer after its normalisation and before its rectifier, block outputs, and the head.
    """
    from optogram.network.load import load

    network = load(model, weights, labels, preprocess, device, seed)
    table = network.sites(default=not every)
    if not fields:
        table = type(table)(list(table))
    if json:
        told = zip(table, table.rows(), strict=True)
        print(as_json([{"site": s.address, "kind": s.kind, "units": s.units, "shape": s.grid, "receptive_field": row[-1]} for s, row in told]))
    else:
        print(table)
