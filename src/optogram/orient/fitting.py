"""Weights that make the upright turn of a photograph score highest, and the temperature of the scores.

The loss is mean cross-entropy over a photograph's four turns plus a penalty on the weights' squares, which is convex. It asks only how scores differ
between turns, so the best weights lie among the differences of their features. Where those are fewer than the features, as with some hundred
photographs, the problem is solved in their own coordinates: a rotation, which changes neither the penalty nor the way down, at a fifth of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import cholesky
from scipy.linalg.blas import dsyrk
from scipy.optimize import minimize, minimize_scalar
from torch import Tensor

from optogram.orient.uprightness import CHUNK

STEPS = 120
BLOCK = 4096
"""Features whose products are added up at a time."""
RIDGE = 1e-8
"""Added to the differences' own products, over their mean: without it copies of one photograph would have no coordinates."""
OTHERS = 3
Rows = Callable[[], Iterator[Float[Tensor, "row coordinate"]]]


def fit(
    found: Float[Tensor, "photo 4 feature"], penalty: float
) -> tuple[Float[np.ndarray, " feature"], Float[np.ndarray, " feature"], Float[np.ndarray, " feature"]]:
    """Mean, scale and weights that make turn 0 win, by L-BFGS from 0."""
    mean, scale, (weights,) = fits(found, [penalty])
    return mean, scale, weights


def fits(
    found: Float[Tensor, "photo 4 feature"], penalties: Sequence[float]
) -> tuple[Float[np.ndarray, " feature"], Float[np.ndarray, " feature"], list[Float[np.ndarray, " feature"]]]:
    """The same for each of several penalties, at little more than the cost of one."""
    mean, spread = (part.float() for part in _moments(found.flatten(0, 1)))
    scale = spread + 1e-3 * float(spread.mean()) + 1e-12
    if OTHERS * len(found) < found.shape[2]:
        root = _root(found, scale)
        held = torch.stack([_least(lambda: iter([root]), len(root), penalty) for penalty in penalties], dim=1)
        weights = _spanned(found, scale, torch.linalg.solve_triangular(root.T, held, upper=True)).T
    else:
        weights = torch.stack(
            [_least(lambda: (_apart(part, scale) for part in found.split(CHUNK)), found.shape[2], penalty) for penalty in penalties]
        )
    return np.asarray(mean), np.asarray(scale), list(np.asarray(weights, dtype=np.float32))


def temperature(logits: Float[np.ndarray, "photo 4"]) -> float:
    """The number to divide held-out scores by that makes turn 0 likeliest (Guo et al. 2017); between .05 and 20.

    As if one more photograph of n + 1 had been answered wrongly: else a scorer that never erred on a few would be sure of everything.
    """
    doubt = 1 / (len(logits) + 1)

    def cost(power: float) -> float:
        soft = logits / np.exp(power)
        return (1 - doubt) * surprise(soft) + doubt * float(np.mean([surprise(np.roll(soft, -turn, axis=1)) for turn in (1, 2, 3)]))

    found = minimize_scalar(cost, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def surprise(logits: Float[np.ndarray, "photo 4"]) -> float:
    """Mean -log p of turn 0."""
    top = logits.max(1, keepdims=True)
    return float((np.log(np.exp(logits - top).sum(1)) + top[:, 0] - logits[:, 0]).mean())


def _least(rows: Rows, size: int, penalty: float) -> Float[Tensor, " coordinate"]:
    """The weights of least loss. `rows`: how each photograph's turn 0 differs from its turns 1, 2 and 3, one row after the other."""

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope, count = 0.0, torch.zeros(size, dtype=torch.float64), 0
        for part in rows():
            # Of turn 0, as seen from the others: its own score is nought, theirs is how far they fall behind it.
            behind = torch.nn.functional.pad(-(part @ torch.from_numpy(weights).to(part.dtype)).double().reshape(-1, OTHERS), (1, 0))
            total += float(torch.logsumexp(behind, dim=1).sum())
            likely = torch.softmax(behind, dim=1)[:, 1:].flatten()
            slope -= (likely.to(part.dtype) @ part).double()
            count += len(behind)
        return total / count + penalty * float(weights @ weights), np.asarray(slope / count) + 2 * penalty * weights

    return torch.from_numpy(minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x)


def _root(found: Float[Tensor, "photo 4 feature"], scale: Float[Tensor, " feature"]) -> Float[Tensor, "row row"]:
    """Coordinates of the differences in which they have the lengths and angles that they have: the triangular root of their products.

    In double precision: single leaves more error in the products than many of them are long where features depend on each other.
    """
    products = np.zeros((OTHERS * len(found),) * 2, order="F")
    for start in range(0, found.shape[2], BLOCK):
        part = _apart(found[:, :, start : start + BLOCK], scale[start : start + BLOCK]).double().numpy()
        products = dsyrk(1.0, part.T, beta=1.0, c=products, trans=1, lower=1, overwrite_c=1)
    products[np.diag_indices(len(products))] += RIDGE * float(products.diagonal().mean()) + 1e-12
    return torch.from_numpy(np.ascontiguousarray(cholesky(products, lower=True, overwrite_a=True)))


def _spanned(
    found: Float[Tensor, "photo 4 feature"], scale: Float[Tensor, " feature"], shares: Float[Tensor, "row weights"]
) -> Float[Tensor, "feature weights"]:
    """What so much of each difference adds up to."""
    blocks = range(0, found.shape[2], BLOCK)
    return torch.cat([_apart(found[:, :, start : start + BLOCK], scale[start : start + BLOCK]).T.double() @ shares for start in blocks])


def _apart(found: Float[Tensor, "photo 4 feature"], scale: Float[Tensor, " feature"]) -> Float[Tensor, "row feature"]:
    """How each photograph's turn 0 differs from its turns 1, 2 and 3, in units of the features' scale."""
    wide = found.float()
    return ((wide[:, :1] - wide[:, 1:]) / scale).flatten(0, 1)


def _moments(flat: Tensor) -> tuple[Tensor, Tensor]:
    total = torch.zeros(flat.shape[1], dtype=torch.float64)
    squares = torch.zeros_like(total)
    for part in flat.split(4 * CHUNK):
        total += part.double().sum(0)
        squares += part.double().square().sum(0)
    mean = total / len(flat)
    return mean, (squares / len(flat) - mean.square()).clamp_min(0).sqrt()
