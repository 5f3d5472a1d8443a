"""Raises two things at once, in any proportion: what lies between two units?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optogram.errors import SettingError
from optogram.synthesis.objectives._objective import Objective

NEEDS = "needs two objectives: give joint(one, two, share=.5) or interpolation(one, two)"


def joint(one: Objective, two: Objective, share: float = 0.5) -> Objective:
    """(1 - share) one + share two. Neither is rescaled: where one's responses are much larger, weigh it down first (`.1 * one`)."""
    if not 0 <= share <= 1:
        raise SettingError(f"share is between 0 and 1; got {share}")
    both = (1 - share) * one + share * two
    name = f"{1 - share:g} {one.name} + {share:g} {two.name}" if 0 < share < 1 else two.name if share else one.name
    return replace(both, name=name, start=f"{one.name} to {two.name}")


def interpolation(one: Objective, two: Objective, count: int = 5) -> list[Objective]:
    """Joint objectives from one to the other; all begin from the same noise, so that their pictures show one thing turning into another."""
    if count < 2:
        raise SettingError(f"an interpolation has at least 2 pictures; got {count}")
    return [joint(one, two, float(share)) for share in np.linspace(0, 1, count)]
