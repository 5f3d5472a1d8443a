"""List the methods, canvases, objectives, claims, labs and networks there are."""

from __future__ import annotations

import json as encoding

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


def methods(json: Json = False) -> None:
    """List the methods, canvases, objectives, claims, labs and networks there are.

    Each is one file, found by its name; distributions may register more.
    """
    table = {kind: {name: registry.summary(name) for name in registry.names()} for kind, registry in KINDS.items()}
    if json:
        print(encoding.dumps(table, indent=2))
        return
    width = max((len(name) for names in table.values() for name in names), default=0)
    for kind, names in table.items():
        for name, summary in names.items():
            print(f"{kind:<11}  {name:<{width}}  {summary}".rstrip())
