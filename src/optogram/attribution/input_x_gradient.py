"""Input times gradient: the gradient weighted by how much of each pixel there is.

Shrikumar et al. 2016, "Not just a black box". One forward and one backward pass. Pixels count from black (0), before normalisation:
implementations that multiply normalised pixels count from the mean colour instead.
"""

from __future__ import annotations

from optogram.attribution._question import Answer, Question


def input_x_gradient(question: Question) -> Answer:
    """x * d response / d x, x in 0..1 (or the source's activations)."""
    origin = question.origin()
    slopes = question.gradients(origin)
    return Answer(origin * slopes.values, slopes.responses, slopes.places)
