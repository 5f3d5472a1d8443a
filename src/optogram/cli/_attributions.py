"""What `optogram attribute` does with folders and with several methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from optogram.errors import SettingError, Stopped

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution
    from optogram.network.network import Network


def typed(pairs: list[str], methods: str) -> dict[str, Any]:
    """What `--set` says to the methods that are asked for."""
    from optogram.attribution._attribute import METHODS
    from optogram.cli._settings import settings_of

    return settings_of(pairs, [METHODS.get(name) for name in names_of(methods) or METHODS.names()]) if pairs else {}


def names_of(methods: str) -> list[str] | None:
    """Methods with commas; `None` for all. Raises `SettingError` where none is named."""
    if methods == "all":
        return None
    names = [name.strip() for name in methods.split(",") if name.strip()]
    if not names:
        raise SettingError(f'no method is named in "{methods}": `optogram methods` lists them; "all" asks every one')
    return names


def told(found: Attribution) -> dict[str, Any]:
    """What `--json` says of a map."""
    kept: dict[str, Any] = {"photographs": found.names} if found.names else {}
    kept |= {"target": found.target, "method": found.method, "responses": found.responses, "places": found.places, "zero": found.zero}
    return kept | {"delta": found.delta, "notes": found.notes}


def sheet(
    network: Network, photos: Any, target: Any, methods: str, file: Path, settings: dict[str, Any], asked: dict[str, Any], json: bool = False
) -> None:
    """Several methods on one sheet, and what each says in a line."""
    from optogram.attribution._compare import compare
    from optogram.cli._output import as_json

    found = compare(network, photos, target, names_of(methods), settings=settings, **asked)
    found.save(file)
    if json:
        print(as_json({"methods": [told(one) for one in found.attributions], "refused": found.refused, "stopped": found.stopped, "file": file}))
    else:
        print(found)
        print(file)
    if found.stopped:
        done = ",".join(one.method for one in found.attributions)
        raise Stopped(f"stopped: {file} has what was done (--method {done}).")


def kept(found: Attribution, file: Path, *, many: bool) -> None:
    """The figure, or for a folder the gallery; numbers as they are."""
    from optogram.cli._output import PICTURES, write_figure

    if many and file.suffix.lower() in PICTURES:
        write_figure(found.gallery(), file)
    else:
        found.save(file)
