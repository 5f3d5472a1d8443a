"""How quarter turns and EXIF orientations combine.

A photograph "turned by k" looks as if it had been turned by k quarter turns counterclockwise, as `np.rot90(upright, k)` gives. EXIF's tag says what a
viewer must do before showing: 1 nothing, 3 half a turn, 6 a quarter turn clockwise, 8 counterclockwise; 2, 4, 5 and 7 also mirror.
"""

from __future__ import annotations

import numpy as np

from optogram.errors import InputError

NAMES = ("upright", "left", "upside_down", "right")
"""The turns 0 to 3 in words: "left" looks turned by a quarter counterclockwise."""

_LETTER = np.array([[1, 2, 3], [4, 5, 6]])
"""A picture that looks different in all eight orientations."""


def shown(stored: np.ndarray, tag: int) -> np.ndarray:
    """What a viewer shows of stored pixels [row, column, ...] with this tag (EXIF 2.3, tag 274)."""
    views = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(stored, 1),
    }
    if tag not in views:
        raise InputError(f"an EXIF orientation is 1 to 8; got {tag}")
    return views[tag]


def corrected(tag: int, turn: int) -> int:
    """The tag that shows upright what, shown with `tag`, looks turned by `turn` quarter turns counterclockwise."""
    wanted = np.rot90(shown(_LETTER, tag), -turn)
    return next(new for new in range(1, 9) if np.array_equal(shown(_LETTER, new), wanted))
