"""Adam for small experiments. Torch's own loads its compiler when it is made, which takes longer than a quick experiment may."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

NEAR, FAR, LEAST = 0.9, 0.999, 1e-8


class Adam:
    """Kingma and Ba 2015, with their constants, in place; weights shrink by `decay` times the step (Loshchilov and Hutter 2019)."""

    def __init__(self, parts: Sequence[Tensor], decay: float = 0.0) -> None:
        self.parts, self.decay, self.taken = list(parts), decay, 0
        self.means, self.squares = ([torch.zeros_like(part) for part in parts] for _ in range(2))

    @torch.no_grad()
    def step(self, loss: Tensor, rate: float) -> None:
        """One step of size `rate` down the loss's gradient; parts that the loss does not depend on stay."""
        self.taken += 1
        with torch.enable_grad():
            gradients = torch.autograd.grad(loss, self.parts, allow_unused=True, materialize_grads=True)
        torch._foreach_lerp_(self.means, gradients, 1 - NEAR)
        torch._foreach_mul_(self.squares, FAR)
        torch._foreach_addcmul_(self.squares, gradients, gradients, 1 - FAR)
        spread = torch._foreach_div(self.squares, 1 - FAR**self.taken)
        torch._foreach_sqrt_(spread)
        torch._foreach_add_(spread, LEAST)
        if self.decay:
            torch._foreach_mul_(self.parts, 1 - rate * self.decay)
        torch._foreach_addcdiv_(self.parts, self.means, spread, -rate / (1 - NEAR**self.taken))
