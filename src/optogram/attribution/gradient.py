"""Gradient: how the response would change with each pixel.

Simonyan, Vedaldi & Zisserman 2013, "Deep inside convolutional networks". One forward and one backward pass.
"""

from __future__ import annotations

from typing import Literal

from optogram.attribution._question import Answer, Question
from optogram.errors import SettingError

FORMS = ("signed", "absolute", "squared")


def gradient(question: Question, *, form: Literal["signed", "absolute", "squared"] = "signed") -> Answer:
    """d response / d pixel, with its sign (default), its absolute value, or its square."""
    if form not in FORMS:
        raise SettingError(f'form is one of {", ".join(FORMS)}; got "{form}"')
    slopes = question.gradients(question.origin())
    values = slopes.values if form == "signed" else slopes.values.abs() if form == "absolute" else slopes.values.square()
    return Answer(values, slopes.responses, slopes.places, signed=form == "signed")
