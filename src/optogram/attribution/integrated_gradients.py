"""Integrated gradients: each pixel's share of the difference between the photograph and a baseline.

Sundararajan, Taly & Yan 2017, "Axiomatic attribution". `steps` forward and backward passes a photograph, in inner batches:
memory does not grow with the number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
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
            known = responses[rows] if fixed.settled_in(watched.network) else None
            slopes[rows] = _mean(watched.about(rows), origin[rows], base[rows], known, nodes, weights)
    values = difference * slopes
    delta = values.flatten(1).sum(dim=1) - (responses - fixed.responses(base))
    return Answer(values, responses, _places(fixed), delta=delta)


def _mean(question: Question, origin: Tensor, base: Tensor, known: Tensor | None, nodes: np.ndarray, weights: np.ndarray) -> Tensor:
    """The weighted sum of the gradients at the nodes of each photograph's way; `known` are the responses there, if they are."""
    walk = straight(question, origin, base, len(nodes), known)
    total = torch.zeros_like(walk.start)
    for photos, some in _steps(len(origin), len(nodes), question.batch_size):
        start, away = walk.start[photos], walk.away[photos]
        shares = torch.tensor(nodes[some]).to(start).view(-1, *[1] * start.ndim)
        inputs = torch.addcmul(start[None], away[None], shares).flatten(0, 1)
        slopes = walk.question.gradients(inputs, torch.arange(len(origin), device=origin.device)[photos].repeat(len(nodes[some])))
        for weight, slope in zip(weights[some], slopes.values.split(len(start)), strict=True):
            total[photos].add_(slope, alpha=float(weight))
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


def _steps(photographs: int, steps: int, batch_size: int) -> Iterator[tuple[slice, slice]]:
    """Photographs and nodes that go through together: as many nodes for all photographs as there is room for, or some of the photographs at one."""
    together = max(1, batch_size // photographs)
    some = -(-photographs // -(-photographs // batch_size))
    for node in range(0, steps, together):
        for photo in range(0, photographs, some):
            yield slice(photo, photo + some), slice(node, node + together)


def _places(question: Question) -> tuple[Tensor, ...]:
    return question.places or ()
