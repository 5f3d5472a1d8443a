"""Show an atlas in the browser, from this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    path: Annotated[Path, typer.Argument(metavar="ATLAS", help="An atlas's folder.")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
) -> None:
    """Show an atlas in the browser, from this machine.

    Any file server does as well: the folder is a static web site. This one listens on this machine only.
    """
    from optogram.atlas.open import open_atlas
    from optogram.serve.static import static_server

    atlas = open_atlas(path)
    with static_server(atlas.path, port) as server:
        print(f"http://127.0.0.1:{server.server_port}/   Ctrl-C stops it", flush=True)
        server.serve_forever()
