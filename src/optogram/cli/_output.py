"""What commands write: files that are checked before any work, and JSON that every reader can read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optogram.errors import SettingError

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = (".png", ".webp", ".jpg", ".jpeg", ".svg")
"""The endings of figures (a test holds them to `result.FORMATS`, which is not imported for `--help`)."""


def checked(out: Path, numbers: bool = True) -> Path:
    """`out` as it was typed, if it can be written: a figure by its ending, or with `numbers` the arrays as `.npz`.

    Raises `SettingError` for another ending and for a folder that is not there, before anything was computed.
    """
    endings = PICTURES + ((".npz",) if numbers else ())
    if out.suffix.lower() not in endings:
        raise SettingError(f"a file to write ends in {', '.join(endings)}; got {out}. Type -o {out.with_suffix('.png')}")
    if not out.parent.is_dir():
        raise SettingError(f"there is no folder {out.parent} to write {out.name} in. Make it first: mkdir -p {out.parent}")
    return out


def write_figure(picture: Image, file: Path) -> None:
    """Keeps a figure in the format of its file's ending."""
    from optogram.drawing.svg import write
    from optogram.result import FORMATS

    write(picture, file, FORMATS[file.suffix.lower()])


def as_json(value: Any) -> str:
    """Indented JSON without NaN or infinity, which JSON does not have: null stands for them."""
    return json.dumps(_plain(value), indent=1, allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if hasattr(value, "tolist"):  # of NumPy
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
