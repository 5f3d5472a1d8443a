"""One build at a time in one folder: two would overwrite each other's steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from optogram.atlas.settings import WORKSHOP
from optogram.errors import AtlasError


@contextlib.contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Holds the folder's lock, which ends with the process, however that ends; `AtlasError` where another build holds it.

    Where the system or the file system knows no such locks, nothing is held.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (root / WORKSHOP / "settings.json").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AtlasError(f"another build is at work in {root}. Wait for its end, or choose another folder") from error
        except OSError:
            pass
        yield
