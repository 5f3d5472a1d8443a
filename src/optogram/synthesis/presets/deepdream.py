"""Begins from a photograph and shows more of everything that a site sees in it, from coarse to fine."""

from __future__ import annotations

from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.optimisers import Even
from optogram.synthesis.preset import Preset
from optogram.synthesis.transforms.jitter import jitter

deepdream = Preset(pixel(radius=float("inf")), (jitter(64),), Even(1.5 / 255), steps=40, objective="site", octaves=4, ratio=1.4)
"""Mordvintsev, Olah & Tyka, "Inceptionism", 2015, and the code published with it: the site's squares, 4 octaves of 1.4, 10 steps each of 1.5 / 255 on
average, shifts of up to 32 pixels either way.

Give a site (`layer3`), a unit of one, and a photograph (`image="cat.jpg"`); without one it begins at noise. Shifts bring in gray where the published
code lets the other edge in, and shrink with canvases under 128 pixels.
"""
