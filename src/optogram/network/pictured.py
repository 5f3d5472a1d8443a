"""Small pictures to show beside a network's sites, known by its weights from the moment that an atlas of it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Strips = Mapping[str, str]
"""By site, a row of its units' pictures as an address that loads nothing (`data:`)."""

_KNOWN: dict[str, Callable[[], Strips]] = {}


def know(weights: str, strips: Callable[[], Strips]) -> None:
    """From now on the network of these weights has pictures; `strips` is called when it is shown."""
    _KNOWN[weights] = strips


def strips_of(weights: str) -> Strips:
    """The pictures of the network of these weights; none where no atlas of it was opened."""
    return _KNOWN[weights]() if weights in _KNOWN else {}
