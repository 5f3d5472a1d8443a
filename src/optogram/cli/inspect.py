"""Say what an atlas holds, and whether all of its files are there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Json


def inspect(path: Annotated[Path, typer.Argument(metavar="ATLAS", help="An atlas's folder.")], json: Json = False) -> None:
    """Say what an atlas holds, and whether all of its files are there."""
    from optogram.atlas.open import open_atlas
    from optogram.cli._story import tell
    from optogram.errors import AtlasError

    atlas = open_atlas(path)
    if json:
        print(atlas.manifest.model_dump_json(indent=1))
    else:
        tell(atlas)
    if missing := atlas.missing():
        raise AtlasError(f"{len(missing)} files are missing or cut short, {missing[0]} the first. Build the atlas again in a new folder")
