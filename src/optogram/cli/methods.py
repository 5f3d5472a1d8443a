"""List the methods, canvases, objectives, claims, labs and networks there are."""

from __future__ import annotations

import inspect
import json as encoding
from typing import Annotated

import typer

from optogram.cli._options import Json
from optogram.registry import Registry

KINDS = {
    "attribution": Registry("optogram.attribution", "attribution method"),
    "canvas": Registry("optogram.synthesis.canvases", "canvas"),
    "objective": Registry("optogram.synthesis.objectives", "objective"),
    "transform": Registry("optogram.synthesis.transforms", "transform"),
    "preset": Registry("optogram.synthesis.presets", "preset"),
    "regulariser": Registry("optogram.synthesis.regularisers", "regulariser"),
    "claim": Registry("optogram.evidence", "claim"),
    "metric": Registry("optogram.metrics", "metric"),
    "lab": Registry("optogram.lab", "lab"),
    "zoo": Registry("optogram.zoo", "zoo network"),
}


def methods(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="An attribution method, to read what it does and takes.")] = None,
    json: Json = False,
) -> None:
    """List the methods, canvases, objectives, claims, labs and networks there are.

    Each is one file, found by its name; distributions may register more. With the name of an attribution method, what it computes and its settings.
    """
    if name is not None:
        _explained(name, json)
        return
    table = {kind: {name: registry.summary(name) for name in registry.names()} for kind, registry in KINDS.items()}
    if json:
        print(encoding.dumps(table, indent=2))
        return
    width = max((len(name) for names in table.values() for name in names), default=0)
    for kind, names in table.items():
        for name, summary in names.items():
            print(f"{kind:<11}  {name:<{width}}  {summary}".rstrip())


def _explained(name: str, json: bool) -> None:
    from optogram.cli._settings import described

    method = KINDS["attribution"].get(name)
    said, settings = inspect.getdoc(method) or "", described(method)
    if json:
        print(encoding.dumps({"name": method.__name__, "summary": KINDS["attribution"].summary(name), "said": said, "settings": settings}, indent=2))
        return
    print("\n".join([KINDS["attribution"].summary(name), "", said, *(["", *settings] if settings else [])]))
