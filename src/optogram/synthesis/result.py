"""What `synthesize` gives: the pictures, how far each got, and whether it worked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float, Int

from optogram.result import Provenance, Result
from optogram.synthesis.verdict import settled

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Synthesis(Result):
    """Synthesised pictures in the order of the units asked for.

    `images`: 0..1, float32; where pictures have different sizes (receptive fields), smaller ones lie in the middle of gray,
    and `sizes` [unit, 2] holds each one's height and width (`image(i)` cuts it out). `activations`: the response to each
    finished picture, seen without transforms (a unit's mean over places, a neuron's value, minimised ones before their
    rectifier). `trace`: the objective at each step, under that step's transforms and before the rectifier; lowered units fall
    as it rises. `verdict`: one of converged, still rising, dead start, saturated, no gradient, not finite. `natural`: for each
    unit the 99th percentile and the greatest of the photographs' responses, where a sweep was given.
    """

    images: Float[np.ndarray, "unit channel height width"]
    activations: Float[np.ndarray, " unit"]
    trace: Float[np.ndarray, "unit step"]
    verdict: tuple[str, ...]
    units: tuple[str, ...]
    sizes: Int[np.ndarray, "unit 2"]
    provenance: Provenance
    natural: tuple[tuple[float, float] | None, ...] = field(default=())

    ARRAYS: ClassVar[tuple[str, ...]] = ("images", "activations", "trace", "verdict", "units", "sizes")

    def __len__(self) -> int:
        return len(self.units)

    def image(self, index: int) -> Float[np.ndarray, "channel height width"]:
        """One picture at its own size."""
        height, width = self.sizes[index]
        top, left = ((side - own) // 2 for side, own in zip(self.images.shape[2:], (height, width), strict=True))
        return self.images[index, :, top : top + height, left : left + width]

    def steps(self, index: int) -> int:
        """After how many steps the objective was within 5 % of its rise."""
        return settled(self.trace[index])

    def line(self, index: int) -> str:
        """One picture in words: the unit, what it reached beside the photographs, and whether it worked."""
        verdict = self.verdict[index]
        words = f"converged after {self.steps(index)} steps" if verdict == "converged" else verdict
        known = self.natural[index] if self.natural else None
        beside = f" (photographs: 99th percentile {known[0]:.3g}, most {known[1]:.3g})" if known else ""
        return f"{self.units[index]}   reached {self.activations[index]:.3g}{beside}   {words}"

    def __str__(self) -> str:
        lines = [self.line(index) for index in range(min(len(self), 20))]
        more = [f"... and {len(self) - 20} more"] if len(self) > 20 else []
        return "\n".join([*lines, *more])

    def figure(self) -> Image:
        """A contact sheet: every picture with its unit, what it reached, and its verdict."""
        from optogram.synthesis.sheet import sheet

        captions = [(self.units[index], f"{self.activations[index]:.3g}  {self.verdict[index]}") for index in range(len(self))]
        return sheet([self.image(index) for index in range(len(self))], captions)
