"""Make pictures that drive units."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Json, Labels, Model, Seed, Weights
from optogram.cli._output import as_json, checked


def synthesize(
    model: Model,
    units: Annotated[list[str], typer.Argument(metavar="UNIT...", help="Units, neurons or classes: layer3:12, layer3:0-15, fc:tabby.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A .png, .webp or .jpg sheet, or .npz for the numbers.")] = Path(
        "synthesis.png"
    ),
    canvas: Annotated[str | None, typer.Option("--canvas", help="See `optogram methods`.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A recipe by name; --canvas and --steps win over it.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of ascent.")] = None,
    weights: Weights = None,
    labels: Labels = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Make pictures that drive units."""
    from optogram.network.load import load
    from optogram.synthesis.synthesize import synthesize as run

    target = checked(out)
    network = load(model, weights=weights, labels=labels, device=device, seed=seed)
    chosen = {"canvas": canvas, "steps": steps}
    found = run(network, units, preset=preset, seed=seed, **{name: value for name, value in chosen.items() if value is not None})  # type: ignore[arg-type]
    found.save(target)
    if json:
        columns = zip(found.units, found.activations, found.verdict, strict=True)
        print(as_json([{"unit": unit, "reached": reached, "verdict": verdict, "file": target} for unit, reached, verdict in columns]))
        return
    print(found)
    print("An untrained network's picture gets as far: the picture alone proves nothing. See `optogram evidence`.")
    print(target)
