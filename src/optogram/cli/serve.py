"""Show an atlas in the browser; with its network at hand, ask it live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optogram.cli._options import Device, Labels, Preparation, Seed, Weights


def serve(
    path: Annotated[Path, typer.Argument(metavar="ATLAS", help="An atlas's folder.")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="The atlas's network: drop photographs, attribute, synthesise.", show_default=False)
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Another address than this machine's own needs --token.")] = "127.0.0.1",
    token: Annotated[
        str | None, typer.Option("--token", metavar="SECRET", help="Ask whoever connects for it; `new` makes one.", show_default=False)
    ] = None,
    weights: Weights = None,
    labels: Labels = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
) -> None:
    """Show an atlas in the browser, from this machine; with its network at hand (--model), ask it live.

    Any file server does as well: the folder is a static web site. This one listens on this machine only, unless --host and --token
    say otherwise.
    """
    from optogram.atlas.open import open_atlas
    from optogram.serve.live import check_address, is_loopback, serve_live
    from optogram.serve.static import static_server

    check_address(host, token)
    atlas = open_atlas(path)
    if model is None and token is None and is_loopback(host):
        with static_server(atlas.path, port) as server:
            print(f"http://127.0.0.1:{server.server_port}/   Ctrl-C stops it", flush=True)
            server.serve_forever()
        return
    network = None
    if model is not None:
        from optogram.network.load import load

        network = load(model, weights, labels, preprocess, device, seed)
    serve_live(atlas, network, host, port, token, lambda line: print(line, flush=True))
