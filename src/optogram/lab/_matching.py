"""Whether templates are those of a motif: each matched to a direction of its own, beside as many random oriented templates.

A template's margin at a direction is how strongly it answers the motif turned so, less its strongest answer to any other motif, once its length is 1.
Templates are dealt to directions so that no two share one and the margins' sum is greatest (Kuhn 1955); random templates are dealt likewise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from optogram.lab._ends_corners import DIRECTIONS, KERNEL, KINDS, standard

SETS = 199
"""Sets of random oriented templates."""
WAVES, WIDTHS, AWAY = (3.0, 12.0), (1.2, 3.0), 1.5
"""Of these, in pixels: length of a wave, standard deviations of the envelope, and how far from the middle it may lie."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The mean margin of the templates, that of each set of random ones, and the share of sets (this one among them) that do as well."""

    margin: float
    null: Float[np.ndarray, " set"]
    p: float


def matched(templates: Float[np.ndarray, "template row column"], kind: int, seed: int = 0, sets: int = SETS) -> Matched:
    """Templates against a motif by its number in `KINDS`; random ones are as many, and have means as these have."""
    own = dealt(margins(templates, kind))
    drawn = random_oriented(templates, sets, np.random.default_rng(seed))
    each = margins(drawn.reshape(-1, *templates.shape[1:]), kind).reshape(sets, len(templates), -1)
    null = np.array([dealt(one) for one in each])
    return Matched(own, null, (1 + int((null >= own).sum())) / (1 + sets))


def margins(templates: Float[np.ndarray, "template row column"], kind: int) -> Float[np.ndarray, "template direction"]:
    """Of each template and each direction of the motif, over thicknesses and places."""
    lengths = np.linalg.norm(templates, axis=(1, 2), keepdims=True)
    weights = torch.from_numpy(templates / np.maximum(lengths, 1e-12)).float()[:, None]
    best = np.stack([F.conv2d(torch.tensor(standard(name)).float()[:, None], weights).amax(dim=(2, 3)).T.numpy() for name in KINDS])
    turned = best.reshape(len(KINDS), len(templates), DIRECTIONS, -1).max(axis=3)
    found: np.ndarray = turned[kind] - np.delete(turned, kind, axis=0).max(axis=(0, 2))[:, None]
    return found


def dealt(given: Float[np.ndarray, "template direction"]) -> float:
    """The greatest mean of margins at which no two templates stand for one direction (as far as there are directions)."""
    rows, columns = linear_sum_assignment(given, maximize=True)
    return float(given[rows, columns].mean())


def random_oriented(
    like: Float[np.ndarray, "template row column"], sets: int, random: np.random.Generator
) -> Float[np.ndarray, "set template row column"]:
    """Waves under an envelope, in any direction, of any phase, length and width; of length 1 but for their mean, which is that of `like`'s."""
    shape = (sets, len(like), 1, 1)
    angle, phase = random.uniform(0, 2 * np.pi, (2, *shape))
    wave, width, height = (np.exp(random.uniform(np.log(least), np.log(most), shape)) for least, most in (WAVES, WIDTHS, WIDTHS))
    places = np.arange(KERNEL) - (KERNEL - 1) / 2
    down, right = places[:, None] - random.uniform(-AWAY, AWAY, shape), places[None] - random.uniform(-AWAY, AWAY, shape)
    across, along = right * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - right * np.sin(angle)
    found = np.exp(-((across / width) ** 2 + (along / height) ** 2) / 2) * np.cos(2 * np.pi * across / wave + phase)
    found = found - found.mean(axis=(2, 3), keepdims=True)
    found = found / np.linalg.norm(found, axis=(2, 3), keepdims=True)
    means = like.mean(axis=(1, 2)) / np.linalg.norm(like - like.mean(axis=(1, 2), keepdims=True), axis=(1, 2))
    return np.asarray(found + random.permuted(np.broadcast_to(means, shape[:2]), axis=1)[..., None, None])
