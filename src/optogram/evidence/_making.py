"""How pictures are made for claims: of how many units, by which steps; alike for the network and for all of its twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np
from jaxtyping import Bool, Int

from optogram.errors import SettingError, unknown
from optogram.network.site import Site

UNITS, STEPS = 32, 32
KEYWORDS = ("canvas", "preset", "size", "transforms", "optimiser", "regularisers", "views", "early", "photos", "batch_size", "max_memory", "dtype")
"""What else of `synthesize` may be said."""
LEAST = 8
"""Fewer are too few to tell apart (`_line_up.LEAST_LIVING`)."""


@dataclass(frozen=True, slots=True)
class Making:
    """`units`: how many a site, drawn at random among the living ones before anything is known of their pictures, or the addresses of those meant.

    `settings` are further keywords of `og.synthesize`.
    """

    units: int | tuple[str, ...] = UNITS
    steps: int = STEPS
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: object) -> Making:
        """From what `judge` is given: a number of units, or `units`, `steps` and keywords of `og.synthesize`.

        Raises `SettingError` for keywords that are none, and for fewer than eight units, which are too few for line-ups
        (addresses, which may be ranges, are counted by `resolved`).
        """
        if asked is None or isinstance(asked, int):
            made = cls() if asked is None else cls(units=asked)
        elif not isinstance(asked, Mapping):
            hint = 'give what makes them: pictures=32, or pictures={"units": ["layer3:12", ...], "canvas": "fourier", "steps": 32}'
            raise SettingError(f"pictures are made anew, alike for the network and its twins; got {type(asked).__name__}. So {hint}")
        else:
            wrong = next((name for name in asked if name not in ("units", "steps", *KEYWORDS)), None)
            if wrong is not None:
                raise SettingError(unknown("setting for pictures", wrong, ("units", "steps", *KEYWORDS)))
            units = asked.get("units", UNITS)
            named = units if isinstance(units, int) else _named(units)
            made = cls(named, asked.get("steps", STEPS), {name: value for name, value in asked.items() if name in KEYWORDS})
        if made.steps < 1:
            raise SettingError(f"pictures take at least 1 step; got {made.steps}")
        return made if isinstance(made.units, tuple) else _enough(made, made.units)

    def resolved(self, units: Sequence[str]) -> Making:
        """With these addresses, spelt as the network does."""
        return _enough(replace(self, units=tuple(units)), len({*units}))

    def chosen(self, site: Site, alive: Bool[np.ndarray, " unit"], seed: int) -> Int[np.ndarray, " chosen"]:
        """Which units of the site get pictures, ascending. A network's and a twin's are drawn by one rule, each among its own living units."""
        if not isinstance(self.units, int):
            own = [int(address.rpartition(":")[2]) for address in self.units if address.rpartition(":")[0] == site.address]
            return np.array(sorted({*own}), np.int64)
        order = np.random.default_rng([seed, crc32(site.address.encode())]).permutation(len(alive))
        return np.sort(order[alive[order]][: self.units])

    def __str__(self) -> str:
        told = "".join(f", {name} {value}" for name, value in sorted(self.settings.items()))
        return f"{self.units} units, {self.steps} steps{told}"


def _enough(making: Making, count: int) -> Making:
    if count < LEAST:
        raise SettingError(f"pictures are told apart from those of other units, so at least {LEAST} units have one; got {count}")
    return making


def _named(units: Any) -> tuple[str, ...]:
    if isinstance(units, str) or not all(isinstance(one, str) for one in units):
        raise SettingError(f"units are a number a site, or a list of addresses; got {units!r}")
    return tuple(units)
