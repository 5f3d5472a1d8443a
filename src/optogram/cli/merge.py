"""Join the kept sweeps of all parts of a source into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge(
    parts: Annotated[list[Path], typer.Argument(metavar="PART...", help="What `optogram sweep --shard PART/PARTS --keep FILE` has kept.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The whole sweep (.safetensors).")],
) -> None:
    """Join the kept sweeps of all parts of a source into one."""
    from optogram.exemplars.merging import merge as join
    from optogram.exemplars.result import Sweep

    whole = join([Sweep.load(part) for part in parts])
    print(whole)
    print(whole.save(out))
