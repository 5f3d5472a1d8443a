"""Yosinski's third recipe: the strongest blur, next to no decay."""

from __future__ import annotations

from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.optimisers import Constant
from optogram.synthesis.preset import Preset
from optogram.synthesis.regularisers.blur import blur
from optogram.synthesis.regularisers.decay import decay

yosinski_3 = Preset(
    pixel(deviation=10 / 255, radius=float("inf")),
    (),
    Constant(100 / 255**2),
    steps=1000,
    regularisers=(decay(1e-4), blur(1.0, every=4)),
    objective="neuron",
)
"""Yosinski et al. 2015: decay .0001, blur 1 every 4 steps, no clipping, 1,000 steps of 100 times the gradient (of pixels of 0 to 255)."""
