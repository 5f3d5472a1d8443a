"""The planted circuit as a convolutional network, and as a vision transformer."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu

from optogram.zoo._templates_module import SIDE
from optogram.zoo._tiles import ROWS
from optogram.zoo._wires import Circuit


def tensor(values: np.ndarray) -> Tensor:
    """Weights as torch takes them."""
    return torch.from_numpy(np.ascontiguousarray(values)).float()


class Convolutional(nn.Module):
    """`read`, `gate` and `units` are convolutions; where a tile lies comes as constant maps. The head averages units over tiles."""

    place: Tensor

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        hidden, channels = circuit.gate.shape
        self.read = nn.Conv2d(3, channels - len(circuit.places), SIDE, stride=SIDE)
        self.gate = nn.Conv2d(channels, hidden, 1)
        self.rectified = nn.ReLU()
        self.units = nn.Conv2d(hidden, len(circuit.units), 1)
        self.head = nn.Linear(len(circuit.units), len(circuit.units), bias=False)
        self.register_buffer("place", tensor(circuit.places)[None])
        with torch.no_grad():
            filled(self.read, circuit.read, -circuit.center)
            filled(self.gate, circuit.gate[:, :, None, None], circuit.gate_bias)
            filled(self.units, circuit.units[:, :, None, None], circuit.units_bias)
            self.head.weight.copy_(torch.eye(len(circuit.units)))

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch unit"]:
        """Each unit's mean over tiles."""
        read = self.read(images)
        told = torch.cat([read, self.place.expand(len(read), -1, -1, -1)], dim=1)
        means: Tensor = self.head(self.units(self.rectified(self.gate(told))).mean(dim=(2, 3)))
        return means


class Transformer(nn.Module):
    """The same on tokens: the position table says where each tile lies, `attention` adds nothing, `fc1` and `fc2` are gate and units."""

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        hidden, channels = circuit.gate.shape
        self.embed = nn.Conv2d(3, channels, SIDE, stride=SIDE)
        self.cls = nn.Parameter(torch.zeros(1, 1, channels))
        self.position = nn.Parameter(torch.zeros(1, 1 + ROWS * ROWS, channels))
        self.attention = nn.MultiheadAttention(channels, 1, batch_first=True)
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, len(circuit.units))
        self.head = nn.Linear(len(circuit.units), len(circuit.units), bias=False)
        with torch.no_grad():
            places = len(circuit.places)
            filled(self.embed, np.concatenate([circuit.read, np.zeros((places, 3, SIDE, SIDE))]), np.append(-circuit.center, np.zeros(places)))
            self.position[0, 1:, -places:] = tensor(circuit.places).flatten(1).T
            self.attention.out_proj.weight.zero_()
            filled(self.fc1, circuit.gate, circuit.gate_bias)
            filled(self.fc2, circuit.units, circuit.units_bias)
            self.head.weight.copy_(torch.eye(len(circuit.units)))

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch unit"]:
        """Each unit's mean over patch tokens."""
        tiles = self.embed(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls.expand(len(tiles), -1, -1), tiles], dim=1) + self.position
        tokens = tokens + self.attention(tokens, tokens, tokens, need_weights=False)[0]
        means: Tensor = self.head(self.fc2(relu(self.fc1(tokens)))[:, 1:].mean(dim=1))
        return means


def filled(layer: nn.Conv2d | nn.Linear, weight: np.ndarray, bias: np.ndarray) -> None:
    """Sets a layer's weights and bias."""
    layer.weight.copy_(tensor(weight))
    assert layer.bias is not None
    layer.bias.copy_(tensor(bias))
