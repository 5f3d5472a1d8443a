"""Find the photographs that drive units most, least and in between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optogram.cli._options import Device, Json, Labels, Model, Photos, Seed, Weights
from optogram.cli._output import as_json, checked

if TYPE_CHECKING:
    from optogram.exemplars.exemplar import Exemplars

KINDS = ("top", "bottom", "quantile")


def sweep(
    model: Model,
    photos: Photos,
    units: Annotated[list[str], typer.Argument(metavar="UNIT...", help="Units to show, such as layer3:12 or layer3:0-15.")],
    kind: Annotated[str, typer.Option("--kind", help="top, bottom, or quantile: around each of five quantiles of the responses.")] = "top",
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A picture of the exemplars: .png, .webp or .jpg.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many of each.")] = 9,
    skip_nonfinite: Annotated[bool, typer.Option("--skip-nonfinite", help="Leave out photographs on which the network is not finite.")] = False,
    weights: Weights = None,
    labels: Labels = None,
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
    target = None if out is None else checked(out, numbers=False)
    network = load(model, weights=weights, labels=labels, device=device, seed=seed)
    wanted = [unit for address in units for unit in network.units(address)]
    for unit in wanted:
        if unit.place is not None or unit.head:
            raise NotDefinedError(f"a sweep finds photographs for units, not for single neurons or heads: type {unit.site.address}:{unit.index}")
    sites = list(dict.fromkeys(unit.site.address for unit in wanted))
    found = run(network, open_images(photos, channels=network.channels), sites=sites, k=k, seed=seed, skip_nonfinite=skip_nonfinite)
    shown = [found.exemplars(unit.address, kind, k) for unit in wanted]  # type: ignore[arg-type]
    print(as_json([_told(exemplars) for exemplars in shown]) if json else "\n".join(map(str, shown)))
    if target is not None:
        _draw(shown, str(found), target)
        if not json:
            print(target)


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
    grid(patches, labels=[exemplars.unit for exemplars in shown], columns=columns, title=title).save(target)
