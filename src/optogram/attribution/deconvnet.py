"""Deconvnet: positive gradients pass every rectifier, whether it was open or not.

Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", without unpooling of recorded switches, which the
gradient of max pooling already does. One forward and one backward pass. Like guided backprop it hardly depends on the class.
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from optogram.attribution._modified import modified
from optogram.attribution._question import Answer, Question
from optogram.network.rectifiers import Rectifier, by_sign


def deconvnet(question: Question, *, rule: Literal["generalised"] | None = None) -> Answer:
    """At each rectifier max(R, 0) goes down. Smooth rectifiers are refused unless `rule="generalised"`."""
    return modified(question, deconvolved, rule)


@by_sign
def deconvolved(z: Float[Tensor, "..."], grad: Float[Tensor, "..."], rectifier: Rectifier) -> Float[Tensor, "..."]:
    """The rule at one rectifier."""
    return grad.clamp(min=0)
