"""How parameters move: Adam and plain ascent, over rows that never mix, in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Shaped
from torch import Tensor


@runtime_checkable
class Walk(Protocol):
    """The state of an optimiser on its way."""

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], sizes: Float[Tensor, " row"]) -> None:
        """Moves the parameters uphill, in place; `sizes` is `row_size(gradients)`."""


@runtime_checkable
class Optimiser(Protocol):
    """Settings of an optimiser."""

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """A fresh state for these parameters."""


@dataclass(frozen=True, slots=True)
class Adam:
    """z <- z + rate m / (sqrt(v) + eps), m and v the bias-corrected running means of gradient and squared gradient (Kingma & Ba 2015).

    Each row's gradient is divided by its first size, which changes nothing but makes `eps` mean the same for every unit: the
    gradient of a mean over many places may be smaller than any fixed `eps`.
    """

    rate: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """Zero moments."""
        return _AdamWalk(self, parameters)


@dataclass(frozen=True, slots=True)
class Ascent:
    """z <- z + rate g / rms(g), row by row."""

    rate: float = 0.01

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """No state."""
        return _AscentWalk(self)


class _AdamWalk:
    def __init__(self, settings: Adam, parameters: Sequence[Tensor]) -> None:
        self.settings, self.steps = settings, 0
        self.first = [torch.zeros_like(parameter) for parameter in parameters]
        self.second = [torch.zeros_like(parameter) for parameter in parameters]
        self.size = torch.zeros(len(parameters[0]), device=parameters[0].device)

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], sizes: Float[Tensor, " row"]) -> None:
        self.steps += 1
        self.size = torch.where(self.size > 0, self.size, sizes)
        inverse = torch.where(self.size > 0, 1 / self.size, 0)
        (one, two), rate = self.settings.betas, self.settings.rate
        correction = (1 - two**self.steps) ** 0.5
        for parameter, gradient, first, second in zip(parameters, gradients, self.first, self.second, strict=True):
            gradient = gradient * along(inverse, gradient)
            first.lerp_(gradient, 1 - one)
            second.mul_(two).addcmul_(gradient, gradient, value=1 - two)
            parameter.addcdiv_(first, second.sqrt().add_(self.settings.eps * correction), value=rate * correction / (1 - one**self.steps))


class _AscentWalk:
    def __init__(self, settings: Ascent) -> None:
        self.settings = settings

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], sizes: Float[Tensor, " row"]) -> None:
        scale = torch.where(sizes > 0, self.settings.rate / sizes, 0)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.addcmul_(gradient, along(scale, gradient))


def row_size(tensors: Sequence[Float[Tensor, "row ..."]]) -> Float[Tensor, " row"]:
    """The root mean square of each row over all tensors."""
    norms = torch.stack([torch.linalg.vector_norm(tensor.flatten(1), dim=1) for tensor in tensors])
    count = sum(tensor[0].numel() for tensor in tensors)
    sizes: Tensor = torch.linalg.vector_norm(norms, dim=0) / count**0.5
    return sizes


def along(rows: Shaped[Tensor, " row"], tensor: Tensor) -> Shaped[Tensor, "row ..."]:
    """One number a row, shaped to multiply `tensor`."""
    return rows.view(-1, *[1] * (tensor.ndim - 1))
