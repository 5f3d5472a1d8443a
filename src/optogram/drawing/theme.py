"""The colours and spaces that every picture shares with the viewer."""

from __future__ import annotations

from dataclasses import dataclass

SPACES = (4, 8, 12, 16, 24, 40)
"""The only distances between things, in units (CSS pixels)."""

AXIS, CAPTION, BODY, TITLE = 11, 13, 15, 17
"""Sizes of text in units: nothing is smaller than the first."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as `#rrggbb`. `low`, `middle` and `high` carry signed numbers, `middle` and `shade` unsigned ones.

    `low` and `high` have the same lightness and chroma in OKLab, so that neither sign looks stronger, and stay apart under the three
    dichromacies. `missing` stands for "no number".
    """

    ground: str
    surface: str
    ink: str
    ink_2: str
    line: str
    salmon: str
    low: str
    middle: str
    high: str
    shade: str
    missing: str


LIGHT = Theme("#fbfaf8", "#ffffff", "#1d1c1a", "#57544f", "#d9d5ce", "#a8443a", "#256bb1", "#f4f2ee", "#a05000", "#3a2a5e", "#8c8a86")
DARK = Theme("#141413", "#1d1c1b", "#ecebe8", "#a8a49d", "#3a3836", "#f0a094", "#71b5ff", "#161616", "#f0995b", "#d8ccf2", "#77746f")


def rgb(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as three numbers from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
