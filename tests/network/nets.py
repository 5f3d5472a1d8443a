"""Small networks for the tests of this folder; every weight is drawn by the test's own seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LABELS = ["tench", "90", "Cardigan, Welsh corgi", "crane", "crane", "tabby", "T-shirt"]


def settled(module: nn.Module) -> nn.Module:
    """Batch norms with statistics that are not those of a new one."""
    for inner in module.modules():
        if isinstance(inner, nn.BatchNorm2d):
            nn.init.uniform_(inner.running_mean, -0.5, 0.5)
            nn.init.uniform_(inner.running_var, 0.5, 2.0)
            nn.init.uniform_(inner.weight, -1.5, 1.5)
            nn.init.uniform_(inner.bias, -0.5, 0.5)
    return module.eval()


class Block(nn.Module):
    """A residual block with one rectifier that serves twice, and an addition in place, as in torchvision's ResNet."""

    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.down = nn.Conv2d(channels, channels, 1, stride) if stride > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += x if self.down is None else self.down(x)
        return self.relu(y)


class Residual(nn.Module):
    """Stem, two blocks, a functional rectifier, a head with awkward labels."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 5, 2, 2)
        self.layer = nn.Sequential(Block(8), Block(8, stride=2))
        self.last = nn.Conv2d(8, 6, 3)
        self.fc = nn.Linear(6, len(LABELS))

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(F.relu(self.conv(x)))
        return self.fc(F.relu_(self.last(x)).mean((2, 3)))


class Overwriting(nn.Module):
    """A convolution whose output the next module rectifies in place, as VGG's `features.0`."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(6, 4, 3), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x).flatten(1)


@dataclass
class Answer:
    logits: Tensor
    states: tuple[Tensor, ...] | None = None


class Several(nn.Module):
    """Modules that return a tuple, a dict and a dataclass."""

    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            y = self.conv(x)
            return y, {"double": y * 2}

    def __init__(self) -> None:
        super().__init__()
        self.pair = self.Pair()
        self.head = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Any:
        y, more = self.pair(x)
        return Answer(self.head(more["double"].mean((2, 3))), (y, y + 1))


class Counting(nn.Module):
    """Writes into a buffer and calls its layers in turn; counts both in a list that is everybody's."""

    def __init__(self, calls: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 if index == 0 else 4, 4, 3, padding=1) for index in range(4))
        self.register_buffer("seen", torch.zeros(()))
        self.tick = _Tick(calls)

    def forward(self, x: Tensor) -> Tensor:
        self.seen += 1
        for layer in self.layers:
            x = layer(x).relu()
            self.tick()
        return x.mean((2, 3))


class _Tick:
    def __init__(self, calls: list[int]) -> None:
        self.calls = calls

    def __call__(self) -> None:
        self.calls.append(1)

    def __deepcopy__(self, memo: dict[int, Any]) -> _Tick:
        return self


class Heads(nn.Module):
    """Attention with two heads, its four linear layers apart."""

    def __init__(self) -> None:
        super().__init__()
        self.num_heads = 2
        self.query, self.key, self.value, self.proj = (nn.Linear(8, 8) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (layer(x).unflatten(2, (2, 4)).transpose(1, 2) for layer in (self.query, self.key, self.value))
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class Attention(nn.Module):
    """Patches, a class token and two register tokens, one attention with heads: what a small transformer does."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.cls_token = nn.Parameter(torch.randn(1, 1, 8))
        self.registers = nn.Parameter(torch.randn(1, 2, 8))
        self.norm = nn.LayerNorm(8)
        self.attention = Heads()
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        extra = torch.cat((self.cls_token, self.registers), 1).expand(len(x), -1, -1)
        y = self.norm(torch.cat((extra, tokens), 1))
        y = y + self.attention(y)
        return self.head((y + self.mlp(y))[:, 0])
