"""What a preset is: everything about a picture but the network and the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.optimisers import Optimiser
from optogram.synthesis.regularisers._regulariser import Regulariser
from optogram.synthesis.transforms._transform import Transform
from optogram.synthesis.transforms.jitter import jitter
from optogram.synthesis.transforms.rotate import rotate
from optogram.synthesis.transforms.scale import scale

ROBUST: tuple[Transform, ...] = (jitter(8), scale(0.9, 1.1), rotate(10.0), jitter(4))
"""Lucid's transforms without its border, which makes each step 1.4 times dearer; for canvases of `FULL` pixels."""
FULL = 128
"""The side of the canvas for which the transforms' amounts are meant; smaller canvases get less of each."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe: `None` leaves a choice to the canvas (optimiser) or to the call.

    `views`: how many looks at a picture, each with transforms of its own, make one step. `objective`: what a unit without a
    place is asked for (a place makes it a neuron, as always). `octaves`: the steps are shared among so many sizes, each `ratio` times the one before.
    """

    canvas: Canvas
    transforms: Sequence[Transform] = ROBUST
    optimiser: Optimiser | None = None
    steps: int | None = None
    views: int = 1
    regularisers: tuple[Regulariser, ...] = ()
    objective: str | None = None
    octaves: int = 1
    ratio: float = 1.4
