"""Write some units of an atlas as one HTML file that opens from disk, with the network off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    path: Annotated[Path, typer.Argument(metavar="ATLAS", help="An atlas's folder.")],
    units: Annotated[
        list[str] | None, typer.Option("--units", metavar="UNITS", help="SITE:UNIT, SITE:FIRST-LAST or SITE; may be repeated. Default: 4 a site.")
    ] = None,
    network: Annotated[str | None, typer.Option("--network", metavar="NAME", help="One network of the atlas, as its twin. Default: all.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Default: the network's name with .html.")] = None,
    single_file: Annotated[bool, typer.Option("--single-file", help="One HTML file; there is no other way yet.")] = True,
) -> None:
    """Write some units of an atlas as one HTML file that opens from disk, with the network off."""
    from optogram.atlas.open import open_atlas
    from optogram.atlas.single_file import single_file as write

    atlas = open_atlas(path)
    written = write(atlas, out or Path(atlas.export_name(network)), units or (), network)
    print(f"{written}   {written.stat().st_size / 1e6:.1f} MB")
