"""One photograph that says something of a unit, and strips of them."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from jaxtyping import UInt8

from optogram.geometry import Box

if TYPE_CHECKING:
    from PIL.Image import Image

Kind = Literal["top", "bottom", "quantile"]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A photograph on which a unit's neuron at `position` had that activation.

    `image`: the photograph's identity; `index`: its number in the source; `fold`: the half it belongs to; `quantile`: the level
    it stands for, if it does. `input_box` is the neuron's receptive field in the input frame, exact; `box` the same in the
    photograph's own pixels, widened by what resizing mixes in. Both may leave the image. `patch` is cut when it is asked for.
    """

    image: str
    index: int
    activation: float
    position: tuple[int, ...]
    fold: int
    quantile: float | None = None
    _boxes: Callable[[], tuple[Box, Box]] = field(repr=False, compare=False, kw_only=True)
    _cut: Callable[[Exemplar], np.ndarray] = field(repr=False, compare=False, kw_only=True)
    _whole: Callable[[Exemplar], np.ndarray] = field(repr=False, compare=False, kw_only=True)

    @property
    def boxes(self) -> tuple[Box, Box]:
        """`input_box` and `box`, for the price of one."""
        return self._boxes()

    @property
    def input_box(self) -> Box:
        """The receptive field in the input frame."""
        return self._boxes()[0]

    @property
    def box(self) -> Box:
        """The receptive field in the photograph's pixels, widened by the interpolation's kernel."""
        return self._boxes()[1]

    @property
    def patch(self) -> UInt8[np.ndarray, "height width channel"]:
        """The part of the photograph inside `box`; what lies outside the photograph is hatched."""
        return self._cut(self)

    @property
    def photograph(self) -> UInt8[np.ndarray, "height width channel"]:
        """The whole photograph, as it was given."""
        return self._whole(self)

    def __str__(self) -> str:
        place = ",".join(map(str, self.position))
        level = "" if self.quantile is None else f"{self.quantile:.0%} "
        return f"{level}{self.activation:.4g} {self.image}{'@' + place if place else ''}"


class Exemplars(Sequence[Exemplar]):
    """A unit's exemplars of one kind, in order; prints as text, displays as a strip of patches.

    `told` says in words what the pictures cannot: that many photographs tie, that values are pre-activations, that the lists
    are not full.
    """

    def __init__(self, unit: str, kind: Kind, items: Sequence[Exemplar], told: str = "") -> None:
        self.unit, self.kind, self.told = unit, kind, told
        self._items = tuple(items)

    @overload
    def __getitem__(self, index: int) -> Exemplar: ...
    @overload
    def __getitem__(self, index: slice) -> Exemplars: ...
    def __getitem__(self, index: int | slice) -> Exemplar | Exemplars:
        """An exemplar by its rank, or a part of the strip."""
        if isinstance(index, slice):
            return Exemplars(self.unit, self.kind, self._items[index], self.told)
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Exemplar]:
        return iter(self._items)

    def figure(self) -> Image:
        """The patches in a row (quantiles: a row each), activations under them."""
        from optogram.exemplars.strip import strip

        return strip(self)

    @property
    def title(self) -> str:
        """`layer3:12 top 9`, and what has to be told."""
        return f"{self.unit} {self.kind} {len(self)}{f' ({self.told})' if self.told else ''}"

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"  {item}" for item in self._items)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from optogram.exemplars.notebook import as_html

        return as_html(self) if len(self) else f"<p>{html.escape(self.title)}</p>"
