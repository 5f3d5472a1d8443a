"""Patterns drawn by formula, and a network whose weights are those patterns."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu

SIDE = 12
"""Rows and columns of every template, in pixels."""


def wave(across: int, down: int, phase: float = 0.0) -> Float[np.ndarray, "12 12"]:
    """A grating of whole cycles under a Hann window: an exactly balanced, exactly shift-invariant kind of Gabor.

    h(x) h(y) cos(2 pi (across x + down y) / 12 + phase), h(x) = (1 - cos(2 pi x / 12)) / 2. The window holds only the
    frequencies 0 and 1, so that a wave of 2 to 4 cycles sums to zero, and the squares of two phases 90 degrees apart add
    up to the same number for a grating of its own frequency in any phase (tested), neither of which a Gaussian window gives.
    """
    row, column = np.mgrid[:SIDE, :SIDE] * (2 * np.pi / SIDE)
    window = (1 - np.cos(row)) * (1 - np.cos(column)) / 4
    return np.asarray(window * np.cos(across * column + down * row + phase))


def blob(width: float) -> Float[np.ndarray, "12 12"]:
    """A Gaussian spot in the middle; `width` is its standard deviation in pixels."""
    offset = np.arange(SIDE) - (SIDE - 1) / 2
    line = np.exp(-(offset**2) / (2 * width**2))
    return np.asarray(np.outer(line, line))


def checker(cell: int) -> Float[np.ndarray, "12 12"]:
    """A chequerboard of +1 and -1 with cells of so many pixels."""
    row, column = np.mgrid[:SIDE, :SIDE] // cell
    return np.asarray(1.0 - 2.0 * ((row + column) % 2))


def unit_length(pattern: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """The pattern scaled to a sum of squares of 1."""
    return np.asarray(pattern / np.sqrt((pattern**2).sum()))


class AnyOf(nn.Module):
    """Responds to whichever of several templates is there: the greatest of their responses, rectified."""

    def __init__(self, members: tuple[int, ...]) -> None:
        super().__init__()
        self.members = members

    def forward(self, responses: Float[Tensor, "batch unit height width"]) -> Float[Tensor, "batch 1 height width"]:
        """max over the member units, and 0 where all are negative."""
        return relu(responses[:, list(self.members)].amax(dim=1, keepdim=True))


class TemplatesModule(nn.Module):
    """One convolution of given templates; then a quadrature pair's energy, an any-of unit, and a head on the means.

    `pair` are the two template units whose squares add up to the energy, `any_of` those of which any one drives the any-of
    unit, `classes` the channels, of templates followed by energy and any-of, that each class of the head averages.
    """

    def __init__(
        self,
        templates: Float[np.ndarray, "unit channel 12 12"],
        biases: Float[np.ndarray, " unit"],
        pair: tuple[int, int],
        any_of: tuple[int, ...],
        classes: tuple[int, ...],
    ) -> None:
        super().__init__()
        units, channels = templates.shape[:2]
        self.templates = nn.Conv2d(channels, units, SIDE)
        self.rectified = nn.ReLU()
        self.energy = nn.Conv2d(units, 1, 1, bias=False)
        self.any_of = AnyOf(any_of)
        self.head = nn.Linear(units + 2, len(classes), bias=False)
        with torch.no_grad():
            self.templates.weight.copy_(torch.from_numpy(templates))
            self.templates.bias.copy_(torch.from_numpy(biases))  # type: ignore[union-attr]
            self.energy.weight.zero_()[0, list(pair)] = 1
            self.head.weight.zero_()[torch.arange(len(classes)), list(classes)] = 1

    def forward(self, images: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch label"]:
        """The head's logits."""
        responses = self.templates(images)
        combined = [self.rectified(responses), self.energy(responses.square()), self.any_of(responses)]
        logits: Tensor = self.head(torch.cat(combined, dim=1).mean(dim=(2, 3)))
        return logits
