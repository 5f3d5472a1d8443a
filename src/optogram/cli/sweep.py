"""Find the photographs that drive units most, least and in between."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Preparation, Seed, Weights
from optogram.cli._output import as_json, checked, write_figure

if TYPE_CHECKING:
    from optogram.exemplars.exemplar import Exemplars

KINDS = ("top", "bottom", "quantile")


def sweep(
    model: Model,
    photos: Photos,
    units: Annotated[list[str] | None, typer.Argument(metavar="UNIT...", help="Units to show, such as layer3:12 or layer3:0-15.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="top, bottom, or quantile: around each of five quantiles of the responses.")] = "top",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A picture of the exemplars: .png, .svg, .webp or .jpg.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many of each.")] = 9,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FILE", help="Keep the sweep (.safetensors), of all default sites without a UNIT.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="PART/PARTS", help="Sweep a part, such as 2/8; `optogram merge` joins them.")
    ] = None,
    skip_nonfinite: Annotated[bool, typer.Option("--skip-nonfinite", help="Leave out photographs on which the network is not finite.")] = False,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Find the photographs that drive units most, least and in between."""
    from optogram.errors import NotDefinedError, SettingError, unknown
    from optogram.exemplars.sweep import sweep as run
    from optogram.images.open_images import open_images
    from optogram.network.load import load

    if kind not in KINDS:
        raise SettingError(unknown("kind of exemplars", kind, KINDS))
    if not units and keep is None:
        raise typer.BadParameter("name the units to show, such as layer3:12, or keep the sweep of all default sites: --keep sweep.safetensors")
    target = None if out is None else checked(out, numbers=False)
    part = None if shard is None else _part(shard)
    network = load(model, weights, labels, preprocess, device, seed)
    wanted = [unit for address in units or () for unit in network.units(address)]
    for unit in wanted:
        if unit.place is not None or unit.head:
            raise NotDefinedError(f"a sweep finds photographs for units, not for single neurons or heads: type {unit.site.address}:{unit.index}")
    sites = list(dict.fromkeys(unit.site.address for unit in wanted))
    source = open_images(photos, channels=network.channels)
    found = run(
        network, source, sites or None, k=k, seed=seed, skip_nonfinite=skip_nonfinite, shard=part, checkpoint=None if keep is None else _beside(keep)
    )
    kept = [] if keep is None else [found.save(keep)]
    shown = [found.exemplars(unit.address, kind, k) for unit in wanted]  # type: ignore[arg-type]
    if shown or json:
        print(as_json([_told(exemplars) for exemplars in shown]) if json else "\n".join(map(str, shown)))
    if keep is not None:
        shutil.rmtree(_beside(keep), ignore_errors=True)
    if target is not None and shown:
        _draw(shown, str(found), target)
        kept.append(target)
    if not json:
        print(*kept, sep="\n", end="\n" if kept else "")


def _beside(keep: Path) -> Path:
    """Where a sweep that is to be kept keeps what it has so far."""
    return keep.with_name(f".{keep.name}.part")


def _part(text: str) -> tuple[int, int]:
    from optogram.errors import SettingError

    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit()):
        raise SettingError(f"--shard is PART/PARTS, such as 2/8; got {text}")
    return int(part), int(parts)


def _told(exemplars: Exemplars) -> dict[str, Any]:
    rows = [
        {"photo": one.image, "activation": one.activation, "position": one.position, "box": one.box.as_tuple(), "quantile": one.quantile}
        for one in exemplars
    ]
    return {"unit": exemplars.unit, "kind": exemplars.kind, "told": exemplars.told, "exemplars": rows}


def _draw(shown: list[Exemplars], title: str, target: Path) -> None:
    """A row a unit, empty cells where a list is not full."""
    from optogram.drawing.sheet import grid

    columns = max(len(exemplars) for exemplars in shown)
    patches = [exemplars[rank].patch if rank < len(exemplars) else None for exemplars in shown for rank in range(columns)]
    write_figure(grid(patches, labels=[exemplars.unit for exemplars in shown], columns=columns, title=title), target)
