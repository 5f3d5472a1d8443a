"""The one door for photographs: finds out what kind of source this is and opens it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from optogram.errors import SourceError, nearest
from optogram.images.decode import MAX_PIXELS
from optogram.images.photos import Photos
from optogram.images.source import EXTENSIONS, NAMED, Source


def open_images(
    source: Any,
    *,
    channels: int = 3,
    extensions: Sequence[str] = EXTENSIONS,
    max_pixels: int = MAX_PIXELS,
    root: str | os.PathLike[str] | None = None,
) -> Photos:
    """Photographs from wherever they are kept; nothing is decoded yet.

    `source`:

    - a folder, with all folders below it; the first folder's name is the label. If it holds no photographs but `.tar` or `.parquet` files, these;
    - a list of files (identities relative to `root`, by default the folder that they share), or one file;
    - a `.txt` file that names them, one a line, from its own folder on;
    - a `.tar` file (WebDataset); a Parquet file with a column of pictures;
    - an array or tensor [number, height, width], with channels behind the number or at the end; 8 bits, or floats in 0..1 before normalisation;
    - a torch Dataset, a list of Pillow pictures, or anything with a length whose items are a picture, (picture, label) or a mapping.

    The order is that of the identities' bytes (of the index, in memory), never the file system's. `max_pixels`: larger photographs are left
    out. Beside others, HEIC, JPEG XL and cameras' raw files are photographs that cannot be read: left out, counted and named. Raises
    `SourceError` if there is no photograph, or the source is none of these.

    >>> import numpy as np
    >>> photos = open_images(np.zeros((5, 8, 8, 3), "uint8"))
    >>> len(photos), photos.identity(4), photos.load(4).shape
    (5, '4', (8, 8, 3))
    """
    if isinstance(source, Photos):
        return source
    endings = tuple(ending.lower() for ending in extensions)
    return Photos(_opened(source, endings + NAMED if endings == EXTENSIONS else endings, root), channels=channels, max_pixels=max_pixels)


def _opened(source: Any, extensions: tuple[str, ...], root: str | os.PathLike[str] | None) -> Source:
    from optogram.images._array import array, as_array, is_tensor
    from optogram.images._dataset import dataset
    from optogram.images._folder import file_list

    if isinstance(source, str | os.PathLike):
        return _on_disk(Path(source), extensions)
    if isinstance(source, np.ndarray) or is_tensor(source):
        return array(source if isinstance(source, np.ndarray) else as_array(source))
    if isinstance(source, list | tuple) and all(isinstance(entry, str | os.PathLike) for entry in source):
        return file_list(source, root)
    if hasattr(source, "__getitem__"):
        return dataset(source)
    raise SourceError(
        f"photographs come as a folder, a list of files, an array, a tensor or a data set with a length; got {type(source).__name__}. "
        "An iterator can be given as list(...)."
    )


def _on_disk(path: Path, extensions: tuple[str, ...]) -> Source:
    from optogram.images._folder import file_list, folder, listed
    from optogram.images._parquet import parquet
    from optogram.images._shards import shards

    if not path.exists():
        raise SourceError(_missing(path))
    if path.is_dir():
        found = folder(path, extensions) or shards(path, extensions) or parquet(path)
    elif path.suffix.lower() == ".parquet":
        found = parquet(path)
    elif path.suffix.lower() == ".txt":
        found = file_list(listed(path), None)
    else:
        found = shards(path, extensions) if path.suffix.lower() == ".tar" else file_list([path], None)
    if found is None:
        raise SourceError(_none_in(path, extensions))
    return found


def _missing(path: Path) -> str:
    above = path.absolute().parent
    if not above.is_dir():
        return f"no folder or file {path}: there is no {above} either"
    close = nearest(path.name, [entry.name for entry in above.iterdir()])
    return f"no folder or file {path}. {'Nearest: ' + ', '.join(close) + '.' if close else f'{above} holds nothing of a like name.'}"


def _none_in(path: Path, extensions: tuple[str, ...]) -> str:
    from optogram.images._folder import endings

    name = f"{path}/" if path.is_dir() else str(path)
    others = endings(path).most_common(3) if path.is_dir() else []
    listed = ", ".join(f"{count:,} {ending or 'without an ending'}" for ending, count in others)
    below = ", in folders below too" if path.is_dir() else ""
    looked = " ".join(ending for ending in extensions if ending not in NAMED) or " ".join(extensions)
    return f"no photographs in {name} (looked for {looked}{below}).{f' It holds {listed}.' if listed else ''}"
