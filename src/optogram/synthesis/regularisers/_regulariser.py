"""The two kinds of regulariser: one that is subtracted from the objective, one that is done to pixels after each step."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

Pixels = Float[Tensor, "row channel height width"]


@runtime_checkable
class Penalty(Protocol):
    """A frozen dataclass whose fields are its settings; works on every canvas."""

    def penalty(self, images: Pixels, start: Pixels) -> Float[Tensor, " row"]:
        """What is subtracted from each row's objective, differentiable; `start` is what the canvas began from."""


@runtime_checkable
class Operator(Protocol):
    """A frozen dataclass whose fields are its settings; works on canvases whose parameters are pixels' deviations from gray."""

    def after(self, deviations: Pixels, gradient: Pixels, step: int) -> Pixels:
        """The deviations after the step of that number (from 0); `gradient` is the one that the step took."""


Regulariser = Penalty | Operator


def reaching(amounts: Float[Tensor, "row height width"], percentile: float) -> Float[Tensor, "row 1 height width"]:
    """1 where a pixel's amount reaches the row's percentile, 0 where it is below it."""
    line = torch.quantile(amounts.flatten(1), percentile / 100, dim=1)
    return (amounts >= line[:, None, None]).to(amounts.dtype)[:, None]
