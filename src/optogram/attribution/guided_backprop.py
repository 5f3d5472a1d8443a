"""Guided backprop: the gradient along paths on which every rectifier is open and every gradient coming in is positive.

Springenberg et al. 2015, "Striving for simplicity". One forward and one backward pass. It hardly depends on the class or on
the upper layers (Adebayo 2018, Sixt 2020): a sharp picture of what the lower layers pass on, not of why the unit responds.
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from optogram.attribution._modified import modified
from optogram.attribution._question import Answer, Question
from optogram.network.rectifiers import Rectifier, by_sign


def guided_backprop(question: Question, *, rule: Literal["generalised"] | None = None) -> Answer:
    """At each rectifier 1[z > 0] max(R, 0) goes down; at ReLU6 and hardtanh z must also be below the upper knee.

    Leaky rectifiers hand down their slope times max(R, 0), labelled generalised. Smooth ones (GELU, SiLU, ...) are refused
    unless `rule="generalised"`: 1[z > 0] max(R, 0) times the sign of the local derivative, which no paper defines.
    """
    return modified(question, guided, rule)


@by_sign
def guided(z: Float[Tensor, "..."], grad: Float[Tensor, "..."], rectifier: Rectifier) -> Float[Tensor, "..."]:
    """The rule at one rectifier."""
    if rectifier.kind == "relu" or rectifier.limits is not None:
        return rectifier.backward(z, grad).clamp_(min=0)  # slopes of nought and one: in one new tensor, not two
    positive = grad.clamp(min=0)
    if rectifier.smooth:
        return positive * (z > 0) * rectifier.slope(z).sign()
    return rectifier.backward(z, positive)
