"""Photographs that could not be read: named with the reason, never dropped in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_NAMED = 3


class LeftOutWarning(UserWarning):
    """Photographs were left out; the message counts and names them."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A photograph that was left out: its identity, and a few words that say why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"


def sentence(left_out: Sequence[LeftOut], total: int, noun: str = "files", listed_in: str | None = None) -> str:
    """`3 of 5,000 files were left out: IMG_0012.jpg (truncated), ...`, with where they are all listed, if they are."""
    named = ", ".join(map(str, left_out[:_NAMED]))
    rest = f" and {len(left_out) - _NAMED:,} more" if len(left_out) > _NAMED else ""
    were = "was" if len(left_out) == 1 else "were"
    where = f" Listed in {listed_in}." if listed_in else ""
    return f"{len(left_out):,} of {total:,} {noun} {were} left out: {named}{rest}.{where}"
