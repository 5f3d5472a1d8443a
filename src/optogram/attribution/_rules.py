"""Rules of layer-wise relevance propagation, one function each, as what comes back through a weighted layer y = W x + b.

A relevance is carried as c = R / activation, so that everything linear (additions, skip connections, pooling, concatenation,
normalisation with fixed statistics) hands it on by its plain gradient, and x * c is the relevance wherever it is asked for. A rule
of a hidden layer turns the c that comes in at y into the c of x; a rule of the input layer gives relevances themselves.

w+ and w- are the positive and negative parts, s = R / denominator. Bach 2015 (epsilon, alpha-beta, flat), Montavon 2017 (z+, w2,
zB), Montavon 2019 (gamma, as extended to inputs and outputs of both signs by Andeol 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._affine import Affine

Anything = Float[Tensor, "..."]


@dataclass(frozen=True, slots=True)
class Passing:
    """What a rule works with: the layer, its input and output, and c at the output. `low`, `high`: bounds of the input layer's pixels."""

    affine: Affine
    x: Anything
    y: Anything
    c: Anything
    epsilon: float = 1e-6
    biases: bool = True
    low: Anything | None = None
    high: Anything | None = None

    @property
    def relevance(self) -> Anything:
        """R at the output."""
        return self.y * self.c

    def share(self, denominator: Anything, relevance: Anything) -> Anything:
        """R over a denominator that is kept off zero by epsilon, with its own sign."""
        return relevance / torch.where(denominator < 0, denominator - self.epsilon, denominator + self.epsilon)

    def bias(self, part: Callable[[Tensor], Tensor]) -> Tensor | None:
        """A part of the bias, where there is one and biases take a share."""
        return None if self.affine.bias is None or not self.biases else part(self.affine.bias)


def epsilon(passing: Passing) -> Anything:
    """W^T R / (z + epsilon sign z): what biases and epsilon take is absorbed."""
    y = passing.y
    if not passing.biases and passing.affine.bias is not None:
        y = y - passing.affine.on_units(passing.affine.bias)
    return passing.affine.backward(passing.share(y, passing.relevance), passing.x)


def gamma(passing: Passing, strength: float = 0.25) -> Anything:
    """Positive contributions to a positive output, and negative ones to a negative output, weigh 1 + gamma times as much."""
    found = torch.zeros_like(passing.x)
    weight = passing.affine.weight
    for sign in (1.0, -1.0):
        relevance = torch.where(passing.y * sign > 0, passing.relevance, 0.0)
        if bool(relevance.any()):
            toward, away = weight + strength * _part(weight, sign), weight + strength * _part(weight, -sign)
            bias = passing.bias(lambda b, sign=sign: b + strength * _part(b, sign))  # type: ignore[misc]
            found += _signed(passing, toward, away, bias, relevance)
    return found


def zplus(passing: Passing) -> Anything:
    """Positive contributions alone: w+ x+ + w- x- + b+."""
    weight = passing.affine.weight
    return _signed(passing, _part(weight, 1), _part(weight, -1), passing.bias(lambda b: _part(b, 1)), passing.relevance)


def negative(passing: Passing) -> Anything:
    """Negative contributions alone: w- x+ + w+ x- + b-."""
    weight = passing.affine.weight
    return _signed(passing, _part(weight, -1), _part(weight, 1), passing.bias(lambda b: _part(b, -1)), passing.relevance)


def alpha1_beta0(passing: Passing) -> Anything:
    """alpha 1, beta 0: z+."""
    return zplus(passing)


def alpha2_beta1(passing: Passing) -> Anything:
    """Twice the positive contributions' share less the negative contributions' share."""
    return 2 * zplus(passing) - negative(passing)


def box(passing: Passing) -> Anything:
    """zB, of pixels between `low` and `high`: R = x W^T s - low W+^T s - high W-^T s."""
    assert passing.low is not None
    assert passing.high is not None
    affine, x = passing.affine, passing.x
    low, high = passing.low.expand_as(x), passing.high.expand_as(x)
    plus, minus = _part(affine.weight, 1), _part(affine.weight, -1)
    s = passing.share(affine.forward(x) - affine.forward(low, plus) - affine.forward(high, minus), passing.relevance)
    return x * affine.backward(s, x) - low * affine.backward(s, x, plus) - high * affine.backward(s, x, minus)


def w2(passing: Passing) -> Anything:
    """By the squared weights, whatever the pixels: R = (W^2)^T (R / W^2 1)."""
    squared = passing.affine.weight.square()
    return _blind(passing, squared)


def flat(passing: Passing) -> Anything:
    """The same to every pixel that a neuron is connected with: R = 1^T (R / 1 1)."""
    return _blind(passing, torch.ones_like(passing.affine.weight))


def positive(passing: Passing) -> Anything:
    """Not a relevance: the gradient through max(W, 0)."""
    return passing.affine.backward(passing.c, passing.x, _part(passing.affine.weight, 1))


def plain(passing: Passing) -> Anything:
    """Not a relevance: the gradient."""
    return passing.affine.backward(passing.c, passing.x)


def _blind(passing: Passing, weight: Tensor) -> Tensor:
    """Relevance by weights alone. Padding is no pixel and gets nothing."""
    s = passing.share(passing.affine.forward(torch.ones_like(passing.x[:1]), weight), passing.relevance)
    return passing.affine.backward(s, passing.x, weight)


def _signed(passing: Passing, over: Tensor, under: Tensor, bias: Tensor | None, relevance: Tensor) -> Tensor:
    """One denominator, with weights `over` for positive and `under` for negative inputs; half the work where none is negative."""
    affine, x = passing.affine, passing.x
    one_sided = not bool((x < 0).any())
    z = affine.forward(x if one_sided else x.clamp(min=0), over)
    if not one_sided:
        z = z + affine.forward(x.clamp(max=0), under)
    s = passing.share(affine.added(z, bias), relevance)
    found = affine.backward(s, x, over)
    return found if one_sided else torch.where(x < 0, affine.backward(s, x, under), found)


def _part(values: Tensor, sign: float) -> Tensor:
    return values.clamp(min=0) if sign > 0 else values.clamp(max=0)
