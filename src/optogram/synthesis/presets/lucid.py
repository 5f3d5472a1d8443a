"""Lucid's recipe: Fourier canvas, decorrelated colour, pad, jitter, scale, rotate, jitter; Adam .05, 512 steps."""

from __future__ import annotations

from optogram.synthesis.canvases.fourier import fourier
from optogram.synthesis.preset import ROBUST, Preset
from optogram.synthesis.transforms.pad import pad

lucid = Preset(fourier(deviation=0.01, decay=1.0, rate=0.05), (pad(12), *ROBUST), steps=512)
"""Olah, Mordvintsev & Schubert, "Feature Visualization", Distill 2017, and the code published with it.

Scale and angle are drawn from the whole ranges (.9 to 1.1, -10 to 10 degrees) rather than from Lucid's lists of values in them.
"""
