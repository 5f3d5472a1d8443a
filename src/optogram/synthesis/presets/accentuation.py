"""Begins from a photograph and shows what in it the unit would like more of."""

from __future__ import annotations

from optogram.synthesis.canvases.image import image
from optogram.synthesis.preset import ROBUST, Preset
from optogram.synthesis.regularisers.l2 import l2

accentuation = Preset(image(rate=0.05), ROBUST, steps=100, views=16, regularisers=(l2(1e-4),))
"""Hamblin, Fel, Saha, Konkle & Alvarez, "Feature accentuation", 2024: Adam .05, 100 steps, 16 views a step, held near the photograph."""
