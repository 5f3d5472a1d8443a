"""Adam for small experiments. Torch's own loads its compiler when it is made, which takes longer than a quick experiment may."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

NEAR, FAR, LEAST = 0.9, 0.999, 1e-8


class Adam:
    """Kingma and Ba 2015, with their constants, in place; weights shrink by `decay` times the step (Loshchilov and Hutter 2019)."""

    def __init__(self, parts: Sequence[Tensor], decay: float = 0.0) -> None:
        self.parts, self.decay, self.taken = parts, decay, 0
        self.means, self.squares = ([torch.zeros_like(part) for part in parts] for _ in range(2))

    @torch.no_grad()
    def step(self, loss: Tensor, rate: float) -> None:
        """One step of size `rate` down the loss's gradient."""
        self.taken += 1
        with torch.enable_grad():
            gradients = torch.autograd.grad(loss, self.parts)
        for part, mean, square, gradient in zip(self.parts, self.means, self.squares, gradients, strict=True):
            mean.lerp_(gradient, 1 - NEAR)
            square.mul_(FAR).addcmul_(gradient, gradient, value=1 - FAR)
            spread = (square / (1 - FAR**self.taken)).sqrt_().add_(LEAST)
            part.mul_(1 - rate * self.decay).addcdiv_(mean, spread, value=-rate / (1 - NEAR**self.taken))
