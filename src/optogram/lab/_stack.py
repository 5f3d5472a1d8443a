"""Many small rectifier networks of one shape, trained at once: every tensor has the networks as its first axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from optogram.lab._descent import Adam

LEAST_SHARE = 0.05
"""The step grows to its full length over this share of the steps, and then falls to zero as a cosine."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Weights `[network, out, in]` and biases `[network, out]` of each layer; rectifiers between the layers, none after the last."""

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    def __len__(self) -> int:
        return len(self.weights[0])

    def one(self, index: int) -> Stack:
        """One network, still with its axis."""
        return Stack(tuple(entry[index : index + 1] for entry in self.weights), tuple(entry[index : index + 1] for entry in self.biases))

    def layers(self, inputs: Float[Tensor, "point in"] | Float[Tensor, "network point in"]) -> list[Float[Tensor, "network point out"]]:
        """Every layer's values before its rectifier; the last is the network's answer."""
        values = inputs.expand(len(self), *inputs.shape[-2:]).transpose(1, 2)
        found: list[Tensor] = []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            # Points lie side by side in memory: there are more of them than of a thin layer's units, and rows that are long are multiplied faster.
            found.append(torch.baddbmm(bias[:, :, None], weight, values))
            values = F.relu(found[-1])
        return [layer.transpose(1, 2) for layer in found]

    def parameters(self) -> list[Tensor]:
        """All tensors, weights first."""
        return [*self.weights, *self.biases]


def drawn(sizes: Sequence[int], networks: int, seed: int) -> Stack:
    """Random networks: weights N(0, 2 / inputs) (He 2015), biases uniform within 1 / sqrt(inputs)."""
    random = torch.Generator().manual_seed(seed)
    pairs = list(pairwise(sizes))
    weights = [torch.randn(networks, out, fed, generator=random) * math.sqrt(2 / fed) for fed, out in pairs]
    biases = [(2 * torch.rand(networks, out, generator=random) - 1) / math.sqrt(fed) for fed, out in pairs]
    return Stack(tuple(weights), tuple(biases))


def trained(
    stack: Stack,
    inputs: Float[Tensor, "point in"] | Float[Tensor, "network point in"],
    classes: Int[Tensor, " point"] | Int[Tensor, "network point"],
    *,
    steps: int,
    rate: float,
    decay: float | Float[Tensor, " network"] = 0.0,
    advance: Callable[[int], None] = lambda more: None,
) -> Stack:
    """Softmax cross entropy of the last layer, Adam over all points at each step, one cosine cycle; networks do not touch each other.

    `decay` is the factor of the sum of squared weights (not of biases) in the loss, one for all or one for each network.
    """
    named = classes.expand(len(stack), classes.shape[-1])
    factor = torch.as_tensor(decay)

    def loss(current: Stack) -> Tensor:
        wrong = F.cross_entropy(current.layers(inputs)[-1].transpose(1, 2), named, reduction="none").mean(dim=1).sum()
        if not torch.any(factor):
            return wrong
        squares = torch.stack([weight.square().sum(dim=(1, 2)) for weight in current.weights]).sum(dim=0)
        return wrong + (factor * squares).sum()

    return fitted(stack, loss, steps=steps, rate=rate, advance=advance)


def fitted(stack: Stack, loss: Callable[[Stack], Tensor], *, steps: int, rate: float, advance: Callable[[int], None] = lambda more: None) -> Stack:
    """Networks with the least loss that Adam finds in one cosine cycle; the loss is the sum over networks, so that they do not touch each other."""
    copy = Stack(*(tuple(entry.clone().requires_grad_() for entry in part) for part in (stack.weights, stack.biases)))
    optimiser = Adam(copy.parameters())
    for step in range(steps):
        optimiser.step(loss(copy), rate * schedule(step / steps))
        advance(1)
    return Stack(*(tuple(entry.detach() for entry in part) for part in (copy.weights, copy.biases)))


def schedule(done: float) -> float:
    """The step's length at a share of the run, 0 to 1."""
    return min(done / LEAST_SHARE + 0.02, 1.0) * 0.5 * (1 + math.cos(math.pi * done))


def right(
    stack: Stack, inputs: Float[Tensor, "point in"] | Float[Tensor, "network point in"], classes: Int[Tensor, " point"] | Int[Tensor, "network point"]
) -> Float[Tensor, " network"]:
    """The share of points that each network names rightly."""
    with torch.no_grad():
        return (stack.layers(inputs)[-1].argmax(dim=2) == classes).float().mean(dim=1)
