"""Plain ascent on pixels of bounded norm, no transforms: the first recipe, and the baseline of all others."""

from __future__ import annotations

from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.optimisers import Ascent
from optogram.synthesis.preset import Preset

erhan = Preset(pixel(radius=0.125), (), Ascent(0.01), steps=256)
"""Erhan, Bengio, Courville & Vincent, "Visualizing higher-layer features of a deep network", 2009: arg max y(x) for |x| = rho."""
