"""Scales: where a number lies on an axis, which ticks stand there, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optogram.drawing.paper import Paper
from optogram.drawing.text import length
from optogram.drawing.theme import AXIS


@dataclass(frozen=True, slots=True)
class Axis:
    """Numbers from `low` to `high` on the stretch from `start` to `end` (units; `end` may be the smaller one, as for heights).

    `asinh` is linear within `knee` of zero and logarithmic beyond, for responses with long tails on both sides.
    """

    low: float
    high: float
    start: float
    end: float
    kind: Literal["linear", "asinh"] = "linear"
    knee: float = 1.0

    def place(self, value: float) -> float:
        """Where a number lies, in units."""
        first, last = self._bent(self.low), self._bent(self.high)
        share = (self._bent(value) - first) / ((last - first) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int = 4) -> list[float]:
        """About so many round numbers within the axis; for `asinh` zero, powers of ten, then three times these."""
        if self.kind == "linear":
            return round_numbers(self.low, self.high, count)
        top = int(np.floor(np.log10(max(abs(self.low), abs(self.high), self.knee))))
        bottom = int(np.floor(np.log10(self.knee)))
        signs = [(sign, factor, power) for factor in (1, 3) for power in range(top, bottom - 1, -1) for sign in (1, -1)]
        return [tick for tick in (0.0, *(sign * factor * 10.0**power for sign, factor, power in signs)) if self.low <= tick <= self.high]

    def _bent(self, value: float) -> float:
        return float(np.arcsinh(value / self.knee)) if self.kind == "asinh" else value


def spanning(values: np.ndarray, start: float, end: float, include: tuple[float, ...] = (), margin: float = 0.04) -> Axis:
    """A linear axis that holds all finite values and those to include, with a margin; never of length 0."""
    finite = np.concatenate([np.ravel(values)[np.isfinite(np.ravel(values))], np.asarray(include, float)])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = (high - low) * margin if high > low else abs(high) * 0.1 or 1.0
    return Axis(low - room, high + room, start, end)


def round_numbers(low: float, high: float, count: int = 4) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within the range, about `count` of them, at least one where there is any."""
    span = high - low
    if not np.isfinite(span) or span <= 0:
        return [low]
    raw = span / max(count, 1)
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda factor: abs(np.log(factor * power / raw)))
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [float(np.round(index * step, 12)) for index in range(first, last + 1)]


def written(value: float) -> str:
    """A number in at most three figures, without the zero before the point: .36, -.5, 12.4, 3e-5."""
    if value == 0 or not np.isfinite(value):
        return "0" if value == 0 else str(value)
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        mantissa, _, exponent = f"{value:.2g}".partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else mantissa
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def column(values: Sequence[float]) -> list[str]:
    """Numbers that stand below each other: where none is beyond 1, all with as many decimals as the one that needs most (.942, .990)."""
    texts = [written(value) for value in values]
    if any("e" in text or abs(value) > 1 or not np.isfinite(value) for text, value in zip(texts, values, strict=True)):
        return texts
    decimals = max((len(text.partition(".")[2]) for text in texts), default=0)
    padded = [f"{value:.{decimals}f}" for value in values]
    return [text.replace("0.", ".", 1) if abs(value) < 1 else text for text, value in zip(padded, values, strict=True)]


def label_axis(
    paper: Paper, axis: Axis, y: float, ticks: Sequence[float], marks: Mapping[str, float], names: Mapping[float, str] | None = None
) -> None:
    """Writes the named marks below a horizontal axis, then, first come first served, those ticks whose text touches no other.

    `names`: what is written at a tick instead of its number.
    """
    told = names or {}
    named = [(f"{name} {written(place)}", place, paper.theme.ink) for name, place in marks.items()]
    taken: list[tuple[float, float]] = []
    for text, value, colour in [*named, *((told.get(tick, written(tick)), tick, paper.theme.ink_2) for tick in ticks)]:
        half = length(text, AXIS) / 2
        x = min(max(axis.place(value), axis.start + half - 4), axis.end - half + 4)
        if all(x + half + 6 <= first or x - half - 6 >= last for first, last in taken):
            paper.text(x, y, text, AXIS, colour, "ma")
            taken.append((x - half, x + half))
