"""From names, presets and explicit arguments to one recipe; what is explicit wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from optogram.errors import SettingError
from optogram.registry import Registry
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.optimisers import Adam, Optimiser
from optogram.synthesis.preset import ROBUST, Preset
from optogram.synthesis.regularisers._regulariser import Operator, Regulariser
from optogram.synthesis.transforms._transform import Transform

CANVASES = Registry("optogram.synthesis.canvases", "canvas")
TRANSFORMS = Registry("optogram.synthesis.transforms", "transform")
PRESETS = Registry("optogram.synthesis.presets", "preset")
REGULARISERS = Registry("optogram.synthesis.regularisers", "regulariser")
CANVAS, STEPS = "fourier", 256


def recipe_of(
    canvas: str | Canvas | None,
    preset: str | Preset | None,
    transforms: Sequence[str | Transform] | None,
    optimiser: Optimiser | None,
    steps: int | None,
    regularisers: Sequence[str | Regulariser] | None = None,
    views: int | None = None,
) -> tuple[Preset, int]:
    """The recipe and the number of steps. A canvas given beside a preset brings its own optimiser along."""
    base = PRESETS.get(preset) if isinstance(preset, str) else preset
    drawn: Canvas = canvas_of(canvas) if canvas is not None or base is None else base.canvas
    moved = ROBUST if base is None else base.transforms
    if transforms is not None:
        moved = tuple(TRANSFORMS.get(one)() if isinstance(one, str) else one for one in transforms)
    inherited = base.optimiser if base is not None and canvas is None else None
    count = steps if steps is not None else (base.steps if base is not None and base.steps else STEPS)
    if count < 1:
        raise SettingError(f"steps is at least 1; got {count}")
    looks = views if views is not None else 1 if base is None else base.views
    if looks < 1:
        raise SettingError(f"views is at least 1; got {looks}")
    held: tuple[Regulariser, ...] = () if base is None else base.regularisers
    if regularisers is not None:
        held = tuple(REGULARISERS.get(one)() if isinstance(one, str) else one for one in regularisers)
    _fitting(drawn, held)
    steering = optimiser or inherited or drawn.optimiser
    if isinstance(steering, Adam) and steering.cosine:
        steering = replace(steering, cosine=count)
    asked, octaves, ratio = (None, 1, 1.4) if base is None else (base.objective, base.octaves, base.ratio)
    if octaves < 1 or ratio < 1 or count < octaves:
        raise SettingError(f"at least 1 octave, a step for each, and a ratio of at least 1; got {octaves} octaves, ratio {ratio:g}, {count} steps")
    return Preset(drawn, moved, steering, count, looks, held, asked, octaves, ratio), count


def _fitting(canvas: Canvas, regularisers: Sequence[Regulariser]) -> None:
    """What is done to pixels needs pixels."""
    operators = [type(one).__name__ for one in regularisers if isinstance(one, Operator)]
    if operators and not getattr(canvas, "deviates", False):
        raise SettingError(f'{operators[0]} is done to pixels, and the canvas "{canvas.name}" has none: use canvas="pixel", or a penalty (l2)')


def canvas_of(canvas: str | Canvas | None) -> Canvas:
    """A canvas by its name, with its usual settings, or as it is."""
    found: Canvas = CANVASES.get(canvas or CANVAS)() if canvas is None or isinstance(canvas, str) else canvas
    return found
