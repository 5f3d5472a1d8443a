"""Adam for small experiments. Torch's own loads its compiler when it is made, which takes longer than a quick experiment may."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

NEAR, FAR, LEAST = 0.9, 0.999, 1e-8


class Adam:
    """Kingma and Ba 2015, with their constants, in place."""

    def __init__(self, parts: Sequence[Tensor]) -> None:
        self.parts, self.taken = parts, 0
        self.means, self.squares = ([torch.zeros_like(part) for part in parts] for _ in range(2))

    @torch.no_grad()
    def step(self, loss: Tensor, rate: float) -> None:
        """One step of size `rate` down the loss's gradient."""
        self.taken += 1
        with torch.enable_grad():
            gradients = torch.autograd.grad(loss, self.parts)
        for part, mean, square, gradient in zip(self.parts, self.means, self.squares, gradients, strict=True):
            mean.lerp_(gradient, 1 - NEAR)
            square.lerp_(gradient.square(), 1 - FAR)
            spread = (square / (1 - FAR**self.taken)).sqrt_().add_(LEAST)
            part.addcdiv_(mean, spread, value=-rate / (1 - NEAR**self.taken))
