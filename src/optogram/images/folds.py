"""Which fold a photograph falls into, and which photographs make the panel: by hash, so that neither order nor file system matters."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol, runtime_checkable

from optogram.errors import SettingError


@runtime_checkable
class Identified(Protocol):
    """Anything with a length and an identity for each index, such as `Photos`."""

    def __len__(self) -> int: ...

    def identity(self, index: int) -> str:
        """The identity of the photograph at `index`."""
        ...


def fold(group: str, folds: int = 2) -> int:
    """The fold, from 0 to `folds - 1`, that a group of photographs falls into.

    Photographs of one group (crops of one scene) share a fold, so that what is chosen in one is not tested on its own kin. The same
    group falls into the same fold in every data set. Raises `SettingError` if `folds` is below 1.
    """
    if folds < 1:
        raise SettingError(f"folds is at least 1; got {folds}")
    return _number(group, b"fold") % folds


def rank(identity: str, seed: int = 0) -> int:
    """A uniform 64-bit number that stands for this photograph under this seed; independent of its fold."""
    return _number(identity, b"rank", seed)


def panel(photos: Identified, size: int, seed: int = 0) -> list[int]:
    """The `size` photographs of lowest rank, as ascending indices; all of them where there are not more.

    A uniform sample without replacement. Adding photographs to the source only ever pushes some out: it never exchanges the others.
    """
    if size < 0:
        raise SettingError(f"a panel has a size of at least 0; got {size}")
    ranked: Sequence[int] = sorted(range(len(photos)), key=lambda index: (rank(photos.identity(index), seed), photos.identity(index)))
    return sorted(ranked[:size])


def _number(name: str, purpose: bytes, seed: int = 0) -> int:
    salt = seed.to_bytes(16, "little", signed=True)
    return int.from_bytes(blake2b(name.encode(), digest_size=8, salt=salt, person=b"optogram " + purpose).digest(), "little")
