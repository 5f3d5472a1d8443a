"""A climb as an animation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from jaxtyping import Float

from optogram.errors import SettingError
from optogram.synthesis.sheet import sheet

if TYPE_CHECKING:
    from PIL.Image import Image

KINDS = {".webp": "WEBP", ".gif": "GIF"}


@overload
def checked_movie(path: Path) -> Path: ...
@overload
def checked_movie(path: None) -> None: ...
def checked_movie(path: Path | None) -> Path | None:
    """The path, if a movie can be written there; `SettingError` otherwise."""
    if path is not None and path.suffix.lower() not in KINDS:
        raise SettingError(f'a movie ends in .webp or .gif; got "{path.name}"')
    if path is not None and not path.absolute().parent.is_dir():
        raise SettingError(f"there is no folder {path.parent} for {path.name}: mkdir -p {path.parent}")
    return path


def tour(pictures: Sequence[Float[np.ndarray, "channel _ _"] | None], captions: Sequence[tuple[str, str]], path: str | Path, rate: float = 4) -> Path:
    """One picture after another, each with its own words; the last one held for a second."""
    return _written([sheet([one], [words]) for one, words in zip(pictures, captions, strict=True)], path, rate)


def movie(
    ways: Sequence[Sequence[Float[np.ndarray, "channel _ _"] | None]], captions: Sequence[tuple[str, str]], path: str | Path, rate: int = 12
) -> Path:
    """One sheet a moment, each with the moment's picture of every unit; who arrived early stands still.

    `SettingError` for other suffixes than .webp and .gif.
    """
    length = max(map(len, ways))
    return _written([sheet([way[min(moment, len(way) - 1)] for way in ways], captions) for moment in range(length)], path, rate)


def _written(pages: Sequence[Image], path: str | Path, rate: float) -> Path:
    """Written beside its place and renamed."""
    target = checked_movie(Path(path))
    kind = KINDS[target.suffix.lower()]
    partial = target.with_name(f".{target.name}.partial")
    pause = [round(1000 / rate)] * (len(pages) - 1) + [1000]
    try:
        pages[0].save(partial, format=kind, save_all=True, append_images=pages[1:], duration=pause, loop=0)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
