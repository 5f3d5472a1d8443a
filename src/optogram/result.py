"""What every verb's answer has in common: where it comes from, and how it is kept."""

from __future__ import annotations

import dataclasses
import errno
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image


FORMATS = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG", ".svg": "SVG"}
"""Suffixes that mean a figure, and the name that `drawing.svg.write` knows each by."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result was made from: enough to make it again, or to see that it no longer fits.

    `weights` and `images` are hashes (hexadecimal); `settings` holds every argument that changes the result.
    """

    verb: str
    network: str
    weights: str
    images: str = ""
    method: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=lambda: versions())

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return dataclasses.asdict(self)


def versions() -> dict[str, str]:
    """The versions of what computes: optogram, torch, numpy, Python."""
    return {"python": platform.python_version(), **{name: _version(name) for name in ("optogram", "torch", "numpy")}}


@lru_cache(maxsize=8)
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


class Result:
    """A frozen answer with NumPy arrays in it, its provenance, a figure, and a way to keep it.

    Subclasses are frozen dataclasses with a field `provenance`; they define `figure()` and a one-line `__str__`.
    """

    provenance: Provenance
    ARRAYS: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that `save` writes as arrays."""

    def figure(self) -> Image:
        """A picture of the result, ready for a paper or a slide."""
        raise TypeError(f"{type(self).__name__} has no figure; its numbers are in {', '.join(self.ARRAYS) or 'its fields'}")

    def save(self, path: str | Path) -> Path:
        """Keeps the result: `.png`, `.webp`, `.jpg`, `.svg` a figure; `.npz` the arrays with the provenance as JSON beside them.

        The file is written beside its place and renamed, so that an interruption leaves no half of it.
        """
        target = Path(path)
        drawn = FORMATS.get(target.suffix.lower())
        if drawn is None and target.suffix != ".npz":
            target = target.with_name(target.name + ".npz")
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"no folder to write {target.name} in; make it first", str(target.parent))
        partial = target.with_name(f".{target.name}.partial")
        try:
            if drawn is not None:
                from optogram.drawing.svg import write

                write(self.figure(), partial, drawn)
            else:
                self._write_arrays(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target

    def _write_arrays(self, path: Path) -> None:
        arrays: dict[str, Any] = self.arrays()
        with path.open("wb") as file:
            np.savez_compressed(file, provenance=np.array(json.dumps(self.provenance.as_dict(), default=str)), **arrays)

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers by name, as `save` writes them: arrays of several sizes numbered (`values_0`), what there is not left out."""
        found = {}
        for name in self.ARRAYS:
            value = getattr(self, name)
            if isinstance(value, tuple | list):
                found.update({f"{name}_{number}": np.asarray(entry) for number, entry in enumerate(value)})
            elif value is not None:
                found[name] = np.asarray(value)
        return found

    def _repr_html_(self) -> str:
        import html

        from optogram.drawing.inline import data_uri, lines

        text = f"<p>{lines(str(self))}</p>"
        try:
            picture = self.figure()
        except TypeError:
            return text
        return f'{text}<img alt="{html.escape(str(self))}" src="{data_uri(picture)}">'
