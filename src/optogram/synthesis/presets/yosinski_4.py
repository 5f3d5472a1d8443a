"""Yosinski's fourth recipe: only the tenth of the pixels that contributes most is not gray."""

from __future__ import annotations

from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.optimisers import Progress
from optogram.synthesis.preset import Preset
from optogram.synthesis.regularisers.blur import blur
from optogram.synthesis.regularisers.small_contribution import small_contribution

yosinski_4 = Preset(
    pixel(deviation=10 / 255, radius=float("inf")),
    (),
    Progress(2.0),
    steps=1000,
    regularisers=(blur(0.5, every=4), small_contribution(90)),
    objective="neuron",
)
"""Yosinski et al. 2015: no decay, blur .5 every 4 steps, contribution percentile 90, 1,000 steps of progress 2."""
