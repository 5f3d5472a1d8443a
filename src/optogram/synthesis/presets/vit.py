"""For vision transformers: pixels, total variation, shifts that cover a patch, and colours that change."""

from __future__ import annotations

from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.optimisers import Adam
from optogram.synthesis.preset import Preset
from optogram.synthesis.regularisers.total_variation import total_variation
from optogram.synthesis.transforms.colour import colour
from optogram.synthesis.transforms.jitter import jitter
from optogram.synthesis.transforms.noise import noise

vit = Preset(
    pixel(radius=float("inf")),
    (jitter(32), colour(), noise(0.1)),
    Adam(0.1, betas=(0.5, 0.99), cosine=400),
    steps=400,
    regularisers=(total_variation(5e-4, power=2),),
)
"""Ghiasi et al., "What do vision transformers learn?", 2022: Adam .1 with betas .5 and .99 along a cosine, 400 steps, squared total variation 5e-4,
jitter, colour and noise. Shifts are uniform over two patches of 16: a pattern that is the same in every patch pays less (on a planted
transformer its share of the power falls from .98 to .75, not to nothing).
"""
