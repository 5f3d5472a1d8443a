"""How maps are asked for on behalf of claims: by which method, of how many units, on how many photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from optogram.errors import SettingError

METHOD, UNITS, PHOTOGRAPHS = "guided_backprop", 8, 10
LEAST = 6
"""Photographs that a test by signs needs: six of one sign have p 1/64."""
MOST = 16
"""More photographs than this would be more patterns of signs than are worth counting."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """`units` a site are drawn at random among the living ones; `photographs` are those that drive each most; `settings` are the method's own."""

    method: str | Callable[..., Any] = METHOD
    units: int = UNITS
    photographs: int = PHOTOGRAPHS
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: str | Callable[..., Any] | Mapping[str, Any] | None) -> Mapped:
        """From what `judge` is given: a method, or `method`, `units`, `photographs` and the method's settings in a mapping."""
        given: dict[str, Any] = dict(asked) if isinstance(asked, Mapping) else {} if asked is None else {"method": asked}
        known: dict[str, Any] = {name: given.pop(name) for name in ("method", "units", "photographs") if name in given}
        made = cls(**known, settings=given)
        if made.units < 1 or not LEAST <= made.photographs <= MOST:
            raise SettingError(
                f"maps are made of at least 1 unit a site, on {LEAST} to {MOST} photographs; got {made.units} units, {made.photographs} photographs"
            )
        return made

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method if isinstance(self.method, str) else getattr(self.method, "__name__", str(self.method))

    def __str__(self) -> str:
        told = "".join(f", {name} {value}" for name, value in sorted(self.settings.items()))
        return f"{self.name}, {self.units} units, {self.photographs} photographs{told}"
