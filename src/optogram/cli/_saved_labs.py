"""The list of lab results that lie in an atlas's `labs` folder, which the viewer shows."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

INDEX = "index.json"
PICTURES = (".png", ".gif")


def belongs_to_an_atlas(folder: Path) -> bool:
    """Whether it is the folder of that name in an atlas's own."""
    target = folder.resolve()
    return target.name == "labs" and (target.parent / "manifest.json").is_file()


def typed(name: str, lab: Callable[..., Any], given: Mapping[str, Any]) -> str:
    """The command that gives this result again: the seed, and every option that is not at its default."""
    known = inspect.signature(lab).parameters
    words = ["optogram", "lab", name.replace("_", "-")]
    for key, value in given.items():
        option, default = f"--{key.replace('_', '-')}", known[key].default if key in known else None
        if key in ("out", "json", "seed") or value is None or value == default:
            continue
        if isinstance(value, bool):
            words.append(option if value else option.replace("--", "--no-", 1))
        else:
            words += [option, ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    return shlex.join([*words, "--seed", str(given.get("seed", 0))])


def listed(folder: Path, titles: Mapping[str, str], commands: Mapping[str, str]) -> list[dict[str, Any]]:
    """What lies in the folder, a lab an entry: title, command, findings, and its pictures in the order in which they were written."""
    return [_entry(path, said, titles, commands) for path in sorted(folder.glob("*.json")) if (said := _result(path)) is not None]


def write_index(folder: Path, titles: Mapping[str, str], commands: Mapping[str, str]) -> Path:
    """Writes `index.json` anew from what lies there, beside its place and renamed. Commands of earlier results are taken from the one before."""
    from optogram.atlas.folder import write_atomically

    target = folder / INDEX
    entries = listed(folder, titles, {**_known(target), **commands})
    write_atomically(target, (json.dumps(entries, indent=1, allow_nan=False) + "\n").encode())
    return target


def _known(path: Path) -> dict[str, str]:
    try:
        return {entry["name"]: entry["command"] for entry in json.loads(path.read_text(encoding="utf-8"))}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _result(path: Path) -> dict[str, Any] | None:
    """A lab's result, or `None` for any other file."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and said.get("lab") == path.stem and isinstance(said.get("findings"), list) else None


def _entry(path: Path, said: dict[str, Any], titles: Mapping[str, str], commands: Mapping[str, str]) -> dict[str, Any]:
    name, made = path.stem, said.get("provenance", {})
    drawn = [one for one in path.parent.glob(f"{name}-*") if one.suffix in PICTURES]
    pictures = [_picture(name, one) for one in sorted(drawn, key=lambda one: (one.stat().st_mtime_ns, one.name))]
    findings = [{key: _finite(value) for key, value in found.items()} for found in said["findings"]]
    seed, versions = made.get("seed"), made.get("versions", {})
    bare = f"optogram lab {name.replace('_', '-')} --seed {seed or 0}"
    return {
        "name": name,
        "title": titles.get(name, ""),
        "command": commands.get(name, bare),
        "seed": seed,
        "version": versions.get("optogram", ""),
        "findings": findings,
        "pictures": pictures,
    }


def _picture(lab: str, path: Path) -> dict[str, str]:
    """A picture and a mark of its content, as its name stays when it is drawn anew and browsers keep what they have."""
    mark = hashlib.blake2b(path.read_bytes(), digest_size=5).hexdigest()
    shown = path.stem.removeprefix(f"{lab}-").replace("_", " ")
    kind = "Film" if path.suffix == ".gif" else "Figure"
    return {"file": path.name, "mark": mark, "title": shown, "alt": f"{kind} of the lab {lab}: {shown}. What it shows is said in the findings."}


def _finite(value: Any) -> Any:
    """JSON knows no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
