"""How parameters move: Adam, Nadam and four kinds of plain ascent, over rows that never mix, in place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor


@runtime_checkable
class Walk(Protocol):
    """The state of an optimiser on its way."""

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], sizes: Float[Tensor, " row"]) -> None:
        """Moves the parameters uphill, in place; `sizes` is `row_size(gradients)`."""

    def keep(self, rows: Int[Tensor, " kept"], fresh: int) -> None:
        """Only these rows go on, in this order, and so many new ones begin behind them."""


@runtime_checkable
class Optimiser(Protocol):
    """Settings of an optimiser."""

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """A fresh state for these parameters."""


@dataclass(frozen=True, slots=True)
class Adam:
    """z <- z + rate m / (sqrt(v) + eps), m and v the bias-corrected running means of gradient and squared gradient (Kingma & Ba 2015).

    Each row's gradient is divided by its first size, which changes nothing but makes `eps` mean the same for every unit: the
    gradient of a mean over many places may be smaller than any fixed `eps`. `cosine`: the steps over which the rate falls to
    nothing along half a cosine; 0 keeps it.
    """

    rate: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    cosine: int = 0

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """Zero moments."""
        return _Moments(parameters, self)

    def shares(self, age: int) -> tuple[float, float]:
        """What the running mean and the gradient itself weigh in the step of that number, from 1."""
        falling = (1 + math.cos(math.pi * min(1, (age - 1) / self.cosine))) / 2 if self.cosine else 1.0
        return falling * self.rate / (1 - self.betas[0] ** age), 0.0


@dataclass(frozen=True, slots=True)
class Nadam:
    """Adam with Nesterov's look ahead (Dozat 2016), its momentum warmed up as b (1 - .96^(.004 t) / 2) as in Keras and PyTorch."""

    rate: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """Zero moments."""
        return _Moments(parameters, self)

    def shares(self, age: int) -> tuple[float, float]:
        """What the running mean and the gradient itself weigh in the step of that number, from 1."""
        so_far = math.prod(self._momentum(step) for step in range(1, age + 1))
        now, following = self._momentum(age), self._momentum(age + 1)
        return self.rate * following / (1 - so_far * following), self.rate * (1 - now) / (1 - so_far)

    def _momentum(self, age: int) -> float:
        return self.betas[0] * (1 - 0.5 * math.pow(0.96, 0.004 * age))


@dataclass(frozen=True, slots=True)
class Ascent:
    """z <- z + rate g / rms(g), row by row."""

    rate: float = 0.01

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """No state."""
        return _Straight(lambda sizes, count: torch.where(sizes > 0, self.rate / sizes, 0))


@dataclass(frozen=True, slots=True)
class Even:
    """z <- z + rate g / mean |g|, row by row: `rate` is how far parameters move on average (Mordvintsev, Olah & Tyka 2015)."""

    rate: float = 0.01

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """No state."""
        return _Straight(lambda sizes, count: torch.where(sizes > 0, self.rate / sizes, 0), mean_size)


@dataclass(frozen=True, slots=True)
class Constant:
    """z <- z + rate g: steps as large as the gradient is."""

    rate: float = 1.0

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """No state."""
        return _Straight(lambda sizes, count: torch.full_like(sizes, self.rate))


@dataclass(frozen=True, slots=True)
class Progress:
    """z <- z + desired g / |g|^2: what would raise a linear objective by `desired` at each step (Yosinski et al. 2015)."""

    desired: float = 2.0

    def begin(self, parameters: Sequence[Tensor]) -> Walk:
        """No state."""
        return _Straight(lambda sizes, count: torch.where(sizes > 0, self.desired / (sizes.square() * count), 0))


class _Moments:
    """The running means of Adam and Nadam; rows may be of different ages."""

    def __init__(self, parameters: Sequence[Tensor], settings: Adam | Nadam) -> None:
        self.settings, self.ages = settings, [0] * len(parameters[0])
        self.first = [torch.zeros_like(parameter) for parameter in parameters]
        self.second = [torch.zeros_like(parameter) for parameter in parameters]
        self.size = torch.zeros(len(parameters[0]), device=parameters[0].device)

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], sizes: Float[Tensor, " row"]) -> None:
        self.ages = [age + 1 for age in self.ages]
        self.size = torch.where(self.size > 0, self.size, sizes)
        inverse = torch.where(self.size > 0, 1 / self.size, 0)
        (one, two), eps = self.settings.betas, self.settings.eps
        correction = self._by_age(lambda age: math.sqrt(1 - two**age))
        of_mean = self._by_age(lambda age: self.settings.shares(age)[0])
        of_slope = self._by_age(lambda age: self.settings.shares(age)[1])
        for parameter, gradient, first, second in zip(parameters, gradients, self.first, self.second, strict=True):
            gradient = gradient * along(inverse, gradient)
            first.lerp_(gradient, 1 - one)
            second.mul_(two).addcmul_(gradient, gradient, value=1 - two)
            if isinstance(correction, float) and isinstance(of_mean, float) and isinstance(of_slope, float):
                divisor = second.sqrt().add_(eps * correction)
                parameter.addcdiv_(first, divisor, value=correction * of_mean)
                if of_slope:
                    parameter.addcdiv_(gradient, divisor, value=correction * of_slope)
            else:
                pace, mean, slope = (along(torch.as_tensor(part, device=first.device), first) for part in (correction, of_mean, of_slope))
                parameter.addcdiv_((first * mean).addcmul_(gradient, slope).mul_(pace), second.sqrt().add_(eps * pace))

    def keep(self, rows: Int[Tensor, " kept"], fresh: int) -> None:
        self.ages = [self.ages[row] for row in rows.tolist()] + [0] * fresh
        self.first, self.second = ([kept(part, rows, fresh) for part in parts] for parts in (self.first, self.second))
        self.size = kept(self.size, rows, fresh)

    def _by_age(self, of: Callable[[int], float]) -> float | Tensor:
        """One number where all rows are of one age, else one a row."""
        known = {age: of(age) for age in set(self.ages)}
        return next(iter(known.values())) if len(known) == 1 else torch.tensor([known[age] for age in self.ages])


class _Straight:
    """Steps along the gradient, of a length that depends on its size (the root mean square, or `size`) and the number of parameters alone."""

    def __init__(self, pace: Callable[[Tensor, int], Tensor], size: Callable[[Sequence[Tensor]], Tensor] | None = None) -> None:
        self.pace, self.size = pace, size

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], sizes: Float[Tensor, " row"]) -> None:
        measured = sizes if self.size is None else torch.where(sizes > 0, self.size(gradients), 0)
        scale = self.pace(measured, sum(parameter[0].numel() for parameter in parameters))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.addcmul_(gradient, along(scale, gradient))

    def keep(self, rows: Int[Tensor, " kept"], fresh: int) -> None:
        """Nothing is remembered."""


def kept(tensor: Shaped[Tensor, "row ..."], rows: Int[Tensor, " kept"], fresh: int) -> Shaped[Tensor, "new ..."]:
    """These rows, and so many of zeros (false) behind them."""
    return torch.cat([tensor[rows], tensor.new_zeros((fresh, *tensor.shape[1:]))])


def row_size(tensors: Sequence[Float[Tensor, "row ..."]]) -> Float[Tensor, " row"]:
    """The root mean square of each row over all tensors."""
    norms = torch.stack([torch.linalg.vector_norm(tensor.flatten(1), dim=1) for tensor in tensors])
    count = sum(tensor[0].numel() for tensor in tensors)
    sizes: Tensor = torch.linalg.vector_norm(norms, dim=0) / count**0.5
    return sizes


def mean_size(tensors: Sequence[Float[Tensor, "row ..."]]) -> Float[Tensor, " row"]:
    """The mean absolute value of each row over all tensors."""
    total: Tensor = torch.stack([tensor.abs().flatten(1).sum(1) for tensor in tensors]).sum(0)
    return total / sum(tensor[0].numel() for tensor in tensors)


def along(rows: Shaped[Tensor, " row"], tensor: Tensor) -> Shaped[Tensor, "row ..."]:
    """One number a row, shaped to multiply `tensor`."""
    return rows.view(-1, *[1] * (tensor.ndim - 1))
