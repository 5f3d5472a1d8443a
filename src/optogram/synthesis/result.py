"""What `synthesize` gives: the pictures, how far each got, and whether it worked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float, Int

from optogram.errors import SettingError
from optogram.result import FORMATS, Provenance, Result
from optogram.synthesis.natural import Natural
from optogram.synthesis.verdict import FAILED, settled

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Synthesis(Result):
    """Synthesised pictures in the order of the units asked for.

    `images`: 0..1, float32; where pictures have different sizes (receptive fields), smaller ones lie in the middle of gray,
    and `sizes` [unit, 2] holds each one's height and width (`image(i)` cuts it out). `activations`: the response to each
    finished picture, seen without transforms (a unit's mean over places, a neuron's value, minimised ones before their
    rectifier). `trace`: the objective at each step, under that step's transforms and before the rectifier, NaN after a picture arrived;
    lowered units fall as it rises. `verdict`: one of converged, still rising, dead start, saturated, no gradient, not finite. `natural`: for each
    unit median, quantiles and the greatest of the photographs' responses, where a sweep was given. `caring` [unit, height, width], where
    asked for: how much the objective cared for each pixel on the way, the sum of |d objective / d picture| over steps and channels.
    `frames`: of each unit, pictures [channel, height, width] on the way. `twins` [twin, unit]: what the same steps reached in
    networks that have learned nothing. `alpha` [unit, height, width]: the pictures' opacity on the canvas `cppn_alpha`; `images` has them on gray.
    `agreement` [unit, 2], where several seeds were asked for: how alike a unit's pictures from these seeds are, and how alike they are to those of
    the site's other units asked for (`alike.py`; NaN where there is none).
    """

    images: Float[np.ndarray, "unit channel height width"]
    activations: Float[np.ndarray, " unit"]
    trace: Float[np.ndarray, "unit step"]
    verdict: tuple[str, ...]
    units: tuple[str, ...]
    sizes: Int[np.ndarray, "unit 2"]
    provenance: Provenance
    natural: tuple[Natural | None, ...] = field(default=())
    caring: Float[np.ndarray, "unit height width"] | None = None
    frames: tuple[tuple[Float[np.ndarray, "channel _ _"], ...], ...] = field(default=(), repr=False)
    twins: Float[np.ndarray, "twin unit"] | None = None
    alpha: Float[np.ndarray, "unit height width"] | None = None
    agreement: Float[np.ndarray, "unit 2"] | None = None

    ARRAYS: ClassVar[tuple[str, ...]] = ("images", "activations", "trace", "verdict", "units", "sizes", "caring", "twins", "alpha", "agreement")

    def __len__(self) -> int:
        return len(self.units)

    def image(self, index: int) -> Float[np.ndarray, "channel height width"]:
        """One picture at its own size."""
        height, width = self.sizes[index]
        top, left = ((side - own) // 2 for side, own in zip(self.images.shape[2:], (height, width), strict=True))
        return self.images[index, :, top : top + height, left : left + width]

    def steps(self, index: int) -> int:
        """After how many steps the objective was within 5 % of its rise."""
        return settled(self.trace[index][: self.taken(index)])

    def taken(self, index: int) -> int:
        """How many steps its climb took: fewer than allowed where it arrived early."""
        known = np.flatnonzero(~np.isnan(self.trace[index]))
        return int(known[-1]) + 1 if len(known) else self.trace.shape[1]

    def line(self, index: int) -> str:
        """One picture in words: the unit, what it reached beside the photographs, and whether it worked."""
        verdict = self.verdict[index]
        words = f"converged after {self.steps(index)} steps" if verdict == "converged" else verdict
        known = self.natural[index] if self.natural else None
        told = [f"photographs: {known}"] if known else []
        if self.twins is not None:
            low, high = self.twins[:, index].min(), self.twins[:, index].max()
            told.append(f"{len(self.twins)} twin{'s' if len(self.twins) > 1 else ''}: {low:.3g} to {high:.3g}")
        if self.agreement is not None and not np.isnan(self.agreement[index, 0]):
            told.append(f"seeds agree to {self.agreement[index, 0]:.2f}, with other units' pictures {self.agreement[index, 1]:.2f}")
        beside = f" ({'; '.join(told)})" if told else ""
        return f"{self.units[index]}   reached {self.activations[index]:.3g}{beside}   {words}"

    def __str__(self) -> str:
        lines = [self.line(index) for index in range(min(len(self), 20))]
        more = [f"... and {len(self) - 20} more"] if len(self) > 20 else []
        return "\n".join([*lines, *more])

    def figure(self) -> Image:
        """A contact sheet: every picture with its unit, what it reached, and its verdict. What failed is named, not drawn."""
        from optogram.synthesis.sheet import sheet

        return sheet([None if self.verdict[index] in FAILED else self.image(index) for index in range(len(self))], self._captions())

    def transparent(self) -> Image:
        """The same sheet on white: each picture with its own opacity where it has one, else as opaque as the objective cared.

        That needs `caring=True` (Fel et al. 2023).
        """
        from optogram.synthesis.sheet import sheet

        return sheet([None if self.verdict[index] in FAILED else self._on_white(index) for index in range(len(self))], self._captions())

    def movie(self, path: str | Path, rate: int = 12) -> Path:
        """The climb as an animated .webp or .gif, `rate` pictures a second, the last one held for a second; needs `frames=...`.

        What failed is named, not drawn.
        """
        from optogram.synthesis.movie import movie

        if not self.frames:
            raise SettingError("no pictures were kept on the way: synthesize(..., frames=48)")
        ways = [[None] if self.verdict[index] in FAILED else [*way, self.image(index)] for index, way in enumerate(self.frames)]
        return movie(ways, self._captions(), path, rate)

    def tour(self, path: str | Path, rate: float = 4) -> Path:
        """The pictures one after another, `rate` a second, as an animated .webp or .gif: an interpolation, or a walk (`walk.py`)."""
        from optogram.synthesis.movie import tour

        pictures = [None if self.verdict[index] in FAILED else self.image(index) for index in range(len(self))]
        return tour(pictures, self._captions(), path, rate)

    def save(self, path: str | Path, transparent: bool = False) -> Path:
        """As `Result.save`; `transparent` draws the sheet of `transparent()`."""
        if not transparent or Path(path).suffix.lower() not in FORMATS:
            return Result.save(self, path)
        from optogram.drawing.svg import write

        target = Path(path)
        partial = target.with_name(f".{target.name}.partial")
        write(self.transparent(), partial, FORMATS[target.suffix.lower()])
        return partial.replace(target)

    def _captions(self) -> list[tuple[str, str]]:
        return [(self.units[index], f"{self.activations[index]:.3g}  {self.verdict[index]}") for index in range(len(self))]

    def _on_white(self, index: int) -> Float[np.ndarray, "channel height width"]:
        from optogram.synthesis.resample import GRAY
        from optogram.synthesis.sheet import faded

        if self.alpha is not None:
            return np.asarray(self.image(index) + (1 - GRAY) * (1 - self._cut(self.alpha, index)), np.float32)
        if self.caring is None:
            raise SettingError("nothing was kept about where the objective cared: synthesize(..., caring=True)")
        return faded(self.image(index), self._cut(self.caring, index))

    def _cut(self, maps: Float[np.ndarray, "unit height width"], index: int) -> Float[np.ndarray, "_ _"]:
        height, width = self.sizes[index]
        top, left = ((side - own) // 2 for side, own in zip(maps.shape[1:], (height, width), strict=True))
        cut: Float[np.ndarray, "_ _"] = maps[index, top : top + height, left : left + width]
        return cut
