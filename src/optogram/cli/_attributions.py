"""What `optogram attribute` does with folders and with several methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optogram.attribution._result import Attribution
    from optogram.network.network import Network


def folder(path: Path, channels: int) -> list[Any]:
    """Every photograph of a folder, as pictures."""
    from PIL import Image

    from optogram.images.open_images import open_images

    photos = open_images(str(path), channels=channels)
    return [Image.fromarray(photos.load(index).squeeze()) for index in range(len(photos))]


def sheet(network: Network, photos: Any, target: Any, methods: str, file: Path, settings: dict[str, Any], asked: dict[str, Any]) -> None:
    """Several methods on one sheet, and what each says in a line."""
    from optogram.attribution._compare import compare

    names = None if methods == "all" else [name.strip() for name in methods.split(",") if name.strip()]
    found = compare(network, photos, target, names, settings=settings, **asked)
    found.save(file)
    print(found)
    print(file)


def kept(found: Attribution, file: Path, *, many: bool) -> None:
    """The figure, or for a folder the gallery; numbers as they are."""
    from optogram.result import FORMATS

    if many and file.suffix.lower() in FORMATS:
        found.gallery().save(file)
    else:
        found.save(file)
