"""Make pictures that drive units."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from optogram.cli._options import Device, Json, Labels, Model, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked


def synthesize(
    model: Model,
    units: Annotated[list[str], typer.Argument(metavar="UNIT...", help="Units, neurons or classes: layer3:12, layer3:0-15, fc:tabby.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A .png, .webp or .jpg sheet, or .npz for the numbers.")] = Path(
        "synthesis.png"
    ),
    canvas: Annotated[str | None, typer.Option("--canvas", help="See `optogram methods`.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A recipe by name; --canvas and --steps win over it.")] = None,
    objective: Annotated[str | None, typer.Option("--objective", help="unit, neuron, negative, logit, probability, cosine-dot or site.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of ascent.")] = None,
    size: Annotated[int | None, typer.Option("--size", min=1, help="Side of the picture in pixels.")] = None,
    image: Annotated[Path | None, typer.Option("--image", metavar="FILE", help="A photograph to begin from (image, accentuation).")] = None,
    photos: Annotated[str | None, typer.Option("--photos", metavar="DIR", help="Photographs: for maco's spectrum and twins' statistics.")] = None,
    twins: Annotated[int, typer.Option("--twins", min=0, help="So many networks that learned nothing, to tell what they reach.")] = 0,
    early: Annotated[bool, typer.Option("--early", help="Pictures that no longer rise make room for others.")] = False,
    movie: Annotated[Path | None, typer.Option("--movie", metavar="FILE", help="The climb as an animated .webp or .gif.")] = None,
    transparent: Annotated[bool, typer.Option("--transparent", help="Pictures fade where the objective did not care.")] = False,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Make pictures that drive units."""
    from optogram.images.open_images import open_images
    from optogram.network.load import load
    from optogram.synthesis.movie import checked_movie
    from optogram.synthesis.synthesize import synthesize as run

    target, film = checked(out), checked_movie(movie)
    network = load(model, weights, labels, preprocess, device, seed)
    given = None if photos is None else open_images(photos, channels=network.channels)
    controls = [network.twin(seed=number, photos=given) for number in range(twins)]
    chosen = {"canvas": canvas, "steps": steps, "objective": objective, "size": size, "image": image, "photos": given}
    wanted: dict[str, Any] = {"early": early, "caring": transparent, "frames": 48 if film else 0, "twins": controls}
    wanted |= {name: value for name, value in chosen.items() if value is not None}
    found = run(network, units, preset=preset, seed=seed, **wanted)
    found.save(target, transparent=transparent)
    if film:
        found.movie(film)
    if json:
        columns = zip(found.units, found.activations, found.verdict, strict=True)
        print(as_json([{"unit": unit, "reached": reached, "verdict": verdict, "file": target} for unit, reached, verdict in columns]))
        return
    print(found)
    print("An untrained network's picture gets as far: the picture alone proves nothing. See `optogram evidence`.")
    print(*filter(None, (target, film)), sep="\n")
