"""Integrated gradients: each pixel's share of the difference between the photograph and a baseline.

Sundararajan, Taly & Yan 2017, "Axiomatic attribution". `steps` forward and backward passes a photograph, in inner batches:
memory does not grow with the number of steps.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Answer, Question
from optogram.attribution._straight import straight
from optogram.errors import SettingError

QUADRATURES = ("gauss_legendre", "trapezoid", "riemann")


def integrated_gradients(
    question: Question,
    *,
    baseline: Baseline = "black",
    steps: int = 32,
    quadrature: Literal["gauss_legendre", "trapezoid", "riemann"] = "gauss_legendre",
) -> Answer:
    """(x - b) times the mean gradient along the straight path from baseline b to x; sums to f(x) - f(b) up to `delta`.

    The unit is read at the neuron that is greatest on the photograph, all along the path. `quadrature`: Gauss-Legendre nodes
    (default), the trapezoid rule (ends included), or the right Riemann sum of the paper. `baseline`: black, mean, blur, noise,
    a number or an array; the map depends on it.
    """
    nodes, weights = quadrature_of(quadrature, steps)
    origin = question.origin()
    base = baseline_of(question, origin, baseline)
    fixed, responses = question.settled()
    difference = origin - base
    slopes = torch.zeros_like(origin)
    with fixed.tracked(len(nodes) * len(origin)) as watched:
        for rows in watched.batches(len(origin)):
            slopes[rows] = _mean(watched.about(rows), origin[rows], base[rows], nodes, weights)
    values = difference * slopes
    delta = values.flatten(1).sum(dim=1) - (responses - fixed.responses(base))
    return Answer(values, responses, _places(fixed), delta=delta)


def _mean(question: Question, origin: Tensor, base: Tensor, nodes: np.ndarray, weights: np.ndarray) -> Tensor:
    """The weighted sum of the gradients at the nodes of each photograph's way."""
    walk = straight(question, origin, base, len(nodes))
    total = torch.zeros_like(walk.start)
    for photo, node in _rows(len(origin), len(nodes), question.batch_size):
        place, share = photo.to(origin.device), _column(torch.tensor(nodes)[node], origin)
        slopes = walk.question.gradients(walk.start[place] + share * walk.away[place], place)
        total.index_add_(0, place, slopes.values * _column(torch.tensor(weights)[node], origin))
    return walk.pulled(total)


def quadrature_of(name: str, steps: int) -> tuple[Float[np.ndarray, "node"], Float[np.ndarray, "node"]]:
    """Nodes in 0..1 and weights that sum to 1."""
    if name not in QUADRATURES:
        raise SettingError(f'quadrature is one of {", ".join(QUADRATURES)}; got "{name}"')
    if steps < (2 if name == "trapezoid" else 1):
        raise SettingError(f"{name} takes at least {2 if name == 'trapezoid' else 1} steps; got {steps}")
    if name == "gauss_legendre":
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        return (nodes + 1) / 2, weights / 2
    if name == "riemann":
        return np.arange(1, steps + 1) / steps, np.full(steps, 1 / steps)
    weights = np.full(steps, 1 / (steps - 1))
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, steps), weights


def _rows(photographs: int, steps: int, batch_size: int) -> list[tuple[Tensor, Tensor]]:
    """Every pair of photograph and node, in batches: all photographs at one node stand together."""
    node, photo = torch.meshgrid(torch.arange(steps), torch.arange(photographs), indexing="ij")
    return list(zip(photo.flatten().split(batch_size), node.flatten().split(batch_size), strict=True))


def _column(numbers: Tensor, like: Tensor) -> Tensor:
    return numbers.to(like).view(-1, *[1] * (like.ndim - 1))


def _places(question: Question) -> tuple[Tensor, ...]:
    return question.places or ()
