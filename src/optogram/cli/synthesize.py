"""Make pictures that drive units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optogram.cli._control_c import control_c
from optogram.cli._options import Device, Json, Labels, Model, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked
from optogram.cli._walk import walked
from optogram.errors import Stopped

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep
    from optogram.images.photos import Photos
    from optogram.network.network import Network
    from optogram.synthesis.objectives._objective import Objective
    from optogram.synthesis.result import Synthesis


def synthesize(
    model: Model,
    units: Annotated[
        list[str] | None, typer.Argument(metavar="UNIT...", help="Units, neurons or classes: layer3:12, layer3:0-15, fc:tabby; sites for --walk.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="A .png, .svg, .webp or .jpg sheet, or .npz for the numbers.")] = Path(
        "synthesis.png"
    ),
    canvas: Annotated[str | None, typer.Option("--canvas", help="See `optogram methods`.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A recipe by name; --canvas and --steps win over it.")] = None,
    objective: Annotated[str | None, typer.Option("--objective", help="unit, neuron, negative, logit, probability, cosine-dot or site.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of ascent.")] = None,
    size: Annotated[int | None, typer.Option("--size", min=1, help="Side of the picture in pixels.")] = None,
    image: Annotated[Path | None, typer.Option("--image", metavar="FILE", help="A photograph to begin from: accentuation, deepdream.")] = None,
    photos: Annotated[
        str | None, typer.Option("--photos", metavar="DIR", help="Photographs: to tell what they reach; for maco, patches and twins' statistics.")
    ] = None,
    twins: Annotated[int, typer.Option("--twins", min=0, help="So many networks that learned nothing, to tell what they reach.")] = 0,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="So many starts, to tell how far a unit's pictures agree.")] = 1,
    sweep: Annotated[Path | None, typer.Option("--sweep", metavar="FILE", help="A kept sweep, to tell what photographs reach.")] = None,
    between: Annotated[int | None, typer.Option("--between", min=2, help="So many pictures from the first of two units to the second.")] = None,
    walk: Annotated[
        str | None,
        typer.Option("--walk", metavar="WHAT", help="A picture a site, in the network's order: `inversion` or `caricature` of --image, or `site`."),
    ] = None,
    early: Annotated[bool, typer.Option("--early", help="Pictures that no longer rise make room for others.")] = False,
    movie: Annotated[Path | None, typer.Option("--movie", metavar="FILE", help="The climb as an animated .webp or .gif.")] = None,
    tour: Annotated[Path | None, typer.Option("--tour", metavar="FILE", help="The pictures one after another, as an animated .webp or .gif.")] = None,
    transparent: Annotated[bool, typer.Option("--transparent", help="Pictures fade where the objective did not care.")] = False,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Make pictures that drive units."""
    from optogram.exemplars.result import Sweep
    from optogram.images.open_images import open_images
    from optogram.network.load import load
    from optogram.synthesis.movie import checked_movie
    from optogram.synthesis.synthesize import synthesize as run

    target, film, row = checked(out), checked_movie(movie), checked_movie(tour)
    network = load(model, weights, labels, preprocess, device, seed)
    units = units or []
    if not units and walk is None:
        raise typer.BadParameter("name at least one unit, such as layer3:12, or go along the layers with --walk")
    asked = walked(network, units, walk, image) if walk else units if between is None else _between(network, units, between)
    given = None if photos is None else open_images(photos, channels=network.channels)
    controls = [network.twin(seed=number, photos=given) for number in range(twins)]
    chosen: dict[str, Any] = {"canvas": canvas, "steps": steps, "objective": objective, "size": size, "photos": given}
    chosen |= {"image": None if walk else image, "transforms": () if walk in ("inversion", "caricature") else None}  # places are to correspond
    known = Sweep.load(sweep, network) if sweep else None if given is None or walk else _swept(network, given, units)
    wanted: dict[str, Any] = {"sweep": known}
    wanted |= {"early": early, "caring": transparent, "frames": 48 if film else 0, "twins": controls, "seeds": seeds}
    wanted |= {name: value for name, value in chosen.items() if value is not None}
    with control_c() as pressed:
        found = run(network, asked, preset=preset, seed=seed, stop=lambda: bool(pressed), **wanted)
    found.save(target, transparent=transparent)
    if film:
        found.movie(film)
    if row:
        found.tour(row)
    if json:
        print(as_json([_row(found, index, target) for index in range(len(found))]))
    else:
        _tell(found, [one for one in (target, film, row) if one])
    if pressed:
        raise Stopped(f"stopped: {target} has the {len(found)} pictures that were begun, as they were then.")


def _tell(found: Synthesis, files: list[Path]) -> None:
    print(found)
    told = "An untrained network's picture may get as far (--twins 19 tells)" if found.twins is None else "Untrained twins' pictures climb as well"
    print(f"{told}: the picture alone proves nothing. See `optogram evidence`.")
    print(*files, sep="\n")


MOST_SWEPT = 1000
"""Photographs of which it is told what they reach: enough for a 99th percentile."""


def _swept(network: Network, photos: Photos, units: list[str]) -> Sweep:
    """What photographs do to the units asked for: a sweep of a fixed sample of them, at these units' sites alone."""
    from optogram.exemplars.sweep import sweep
    from optogram.images.folds import panel

    sites = dict.fromkeys(unit.site.address for address in units for unit in network.units(address))
    return sweep(network, photos.subset(panel(photos, MOST_SWEPT)), list(sites), k=1)


def _between(network: Network, units: list[str], count: int) -> list[Objective]:
    from optogram.errors import SettingError
    from optogram.synthesis.asked import objectives_of
    from optogram.synthesis.objectives.joint import interpolation

    ends = objectives_of(network, units)
    if len(ends) != 2:
        raise SettingError(f"--between goes from one unit to another; got {len(ends)} units")
    return interpolation(ends[0], ends[1], count)


def _row(found: Synthesis, index: int, target: Path) -> dict[str, Any]:
    """One picture in the JSON's words."""
    natural = found.natural[index] if found.natural else None
    told: dict[str, Any] = {"unit": found.units[index], "reached": found.activations[index], "verdict": found.verdict[index], "file": target}
    if natural:
        told["photographs"] = natural._asdict()
    if found.twins is not None:
        told["twins"] = found.twins[:, index].tolist()
    if found.agreement is not None:
        told |= dict(zip(("agreement", "agreement_with_others"), found.agreement[index].tolist(), strict=True))
    return told
