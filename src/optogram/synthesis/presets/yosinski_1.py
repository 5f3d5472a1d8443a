"""Yosinski's first recipe: faint blur after every fourth step, half of the pixels gray."""

from __future__ import annotations

from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.optimisers import Progress
from optogram.synthesis.preset import Preset
from optogram.synthesis.regularisers.blur import blur
from optogram.synthesis.regularisers.small_norm import small_norm

yosinski_1 = Preset(
    pixel(deviation=10 / 255, radius=float("inf")),
    (),
    Progress(2.0),
    steps=500,
    regularisers=(blur(0.5, every=4), small_norm(50)),
    objective="neuron",
)
"""Yosinski, Clune, Nguyen, Fuchs & Lipson, "Understanding neural networks through deep visualization", 2015, table 1: no decay, blur .5 every 4
steps, norm percentile 50, 500 steps of progress 2.

As in the code published with it: step, then decay, blur and clip, then back into the range of pixels. It begins at the mean photograph; here
at middle gray.
"""
