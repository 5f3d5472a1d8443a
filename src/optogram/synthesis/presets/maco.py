"""Phases only, under the magnitude of the user's photographs; 32 crops a step, from half of the picture to a twentieth."""

from __future__ import annotations

from optogram.synthesis.canvases.maco import maco as canvas
from optogram.synthesis.preset import Preset
from optogram.synthesis.transforms.crop import crop
from optogram.synthesis.transforms.noise import noise

maco = Preset(canvas(rate=1.0), (crop(0.5, 0.05), noise(0.04)), steps=256, views=32)
"""Fel et al., "Unlocking feature visualization for deeper networks with magnitude constrained optimization", 2023: Nadam 1, 256 steps, noise .08
for pictures of -1 to 1, so .04 here. Each step costs 32 passes.
"""
