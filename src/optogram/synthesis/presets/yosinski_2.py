"""Yosinski's second recipe: strong decay, a fifth of the pixels gray, no blur."""

from __future__ import annotations

from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.optimisers import Constant
from optogram.synthesis.preset import Preset
from optogram.synthesis.regularisers.decay import decay
from optogram.synthesis.regularisers.small_norm import small_norm

yosinski_2 = Preset(
    pixel(deviation=10 / 255, radius=float("inf")),
    (),
    Constant(100 / 255**2),
    steps=750,
    regularisers=(decay(0.3), small_norm(20)),
    objective="neuron",
)
"""Yosinski et al. 2015: decay .3, norm percentile 20, 750 steps of 100 times the gradient.

The step is for pixels of 0 to 255: on 0 to 1 it is 100 / 255^2. It counts on activations as large as those of its network, whose scores reach
tens; where units reach ones the picture stays faint.
"""
