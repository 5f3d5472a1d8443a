"""A network with eight fooling circuits (Geirhos et al. 2023) and eight innocent units, and photographs in which each template occurs.

Site `0` reads templates off red and green: F_i, D_i, T_i, and C, which tells photographs by their blue: 1 in them, 0 in pictures, which begin gray.
Site `gated` holds relu(F_i - kC) and relu(D_i + kC - k), as well as relu(T_i); a fooling unit adds its pair, so photographs drive it by D and a
picture by F. An innocent unit is its T.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

import optogram as og

SIDE, EACH, K = 8, 8, 50.0


class Fooling(nn.Module):
    def __init__(self, templates: Tensor) -> None:
        super().__init__()
        self.templates = nn.Conv2d(3, 3 * EACH + 1, SIDE, stride=SIDE)
        self.gated = nn.Conv2d(3 * EACH + 1, 3 * EACH, 1)
        self.units = nn.Conv2d(3 * EACH, 2 * EACH, 1, bias=False)
        with torch.no_grad():
            self.templates.weight.zero_()[: 3 * EACH, :2] = templates
            self.templates.weight[-1, 2] = 10 / SIDE**2
            self.templates.bias.zero_()[-1] = -2.0
            self.gated.weight.zero_()[torch.arange(3 * EACH), torch.arange(3 * EACH)] = 1
            self.gated.weight[:EACH, -1] = -K
            self.gated.weight[EACH : 2 * EACH, -1] = K
            self.gated.bias.zero_()[EACH : 2 * EACH] = -K
            self.units.weight.zero_()
            for unit in range(EACH):
                self.units.weight[unit, [unit, EACH + unit]] = 1
                self.units.weight[EACH + unit, 2 * EACH + unit] = 1

    def forward(self, images: Tensor) -> Tensor:
        read = self.templates(images - 0.5)
        told = torch.cat([read[:, :-1], read[:, -1:].clamp(0, 1)], 1)
        return self.units(torch.relu(self.gated(told)))


def planted(seed: int = 0, photographs: int = 120) -> tuple[og.Network, np.ndarray]:
    """The network, and its photographs [photo, 24, 24, 3]: a few templates of random strength in every tile, and blue everywhere."""
    rng = np.random.default_rng(seed)
    templates = np.linalg.qr(rng.standard_normal((2 * SIDE**2, 3 * EACH)))[0].T.reshape(3 * EACH, 2, SIDE, SIDE)
    tiles = np.zeros((photographs, 3, 3, 2, SIDE, SIDE))
    for tile in tiles.reshape(-1, 2, SIDE, SIDE):
        for index in rng.choice(3 * EACH, 3, replace=False):
            tile += rng.uniform(0.3, 1.2) * templates[index]
    images = np.full((photographs, 24, 24, 3), 0.9)
    images[..., :2] = 0.5 + tiles.transpose(0, 1, 4, 2, 5, 3).reshape(photographs, 24, 24, 2)
    network = og.Network(Fooling(torch.from_numpy(templates).float()), og.Preprocess(size=24), name="fooling")
    return network, (images.clip(0, 1) * 255).round().astype(np.uint8)


@dataclass(frozen=True)
class Pixels:
    """A viewer whose features are a patch's red and green pixels."""

    name: str = "pixels"
    side: int = SIDE

    def features(self, patches: np.ndarray) -> np.ndarray:
        return patches[..., :2].reshape(len(patches), -1).astype(np.float32)
