"""Write some units of an atlas as one HTML file that opens from disk, or two atlases as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Json
from optogram.cli._output import as_json


def export(
    path: Annotated[Path, typer.Argument(metavar="ATLAS", help="An atlas's folder.")],
    units: Annotated[
        list[str] | None, typer.Option("--units", metavar="UNITS", help="SITE:UNIT, SITE:FIRST-LAST or SITE; may be repeated. Default: 4 a site.")
    ] = None,
    network: Annotated[str | None, typer.Option("--network", metavar="NAME", help="One network of the atlas, as its twin. Default: all.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A file, or a folder. Default: NETWORK.html.")] = None,
    single_file: Annotated[bool, typer.Option("--single-file", help="One HTML file, which is what is written anyway without --beside.")] = True,
    beside: Annotated[
        list[Path] | None, typer.Option("--beside", metavar="ATLAS", help="Instead: an atlas of both networks in the folder --out; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Write some units of an atlas as one HTML file that opens from disk, or two atlases as one."""
    from optogram.atlas.open import open_atlas
    from optogram.atlas.single_file import single_file as write
    from optogram.errors import SettingError

    atlas = open_atlas(path)
    if beside:
        if units or network or out is None:
            raise SettingError("--beside writes whole atlases into a new folder: give --out DIR, and neither --units nor --network")
        joined = atlas.beside(*(open_atlas(other) for other in beside), path=out)
        print(as_json({"atlas": joined.path, "networks": [one.name for one in joined.networks]}) if json else joined)
        return
    written = write(atlas, _page(out, atlas.export_name(network)), units or (), network)
    length = written.stat().st_size
    print(as_json({"file": written, "bytes": length}) if json else f"{written}   {length / 1e6:.1f} MB")


def _page(out: Path | None, name: str) -> Path:
    """Where the page goes: a file that ends as pages do, or its usual name in a folder that is there; `SettingError` before anything is made."""
    from optogram.errors import SettingError

    if out is None or out.is_dir():
        return (out or Path()) / name
    if out.suffix.lower() not in (".html", ".htm"):
        raise SettingError(f"a page ends in .html; got {out}. Type -o {out.with_suffix('.html')}, or the name of a folder that is there")
    return out
