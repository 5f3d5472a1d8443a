"""Join the kept sweeps of all parts of a source into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Json
from optogram.cli._output import as_json


def merge(
    parts: Annotated[list[Path], typer.Argument(metavar="PART...", help="What `optogram sweep --shard PART/PARTS --keep FILE` has kept.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The whole sweep (.safetensors).")],
    json: Json = False,
) -> None:
    """Join the kept sweeps of all parts of a source into one."""
    from optogram.exemplars.merging import merge as join
    from optogram.exemplars.result import Sweep

    whole = join([Sweep.load(part) for part in parts])
    file = whole.save(out)
    if json:
        print(as_json({"photographs": whole.swept, "sites": whole.sites, "units": whole.plan.units, "left_out": len(whole.left_out), "file": file}))
    else:
        print(whole, file, sep="\n")
