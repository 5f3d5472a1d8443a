"""Eight fooling circuits (Geirhos et al. 2023), trojans or attractors, their eight innocent controls, and photographs for them.

| units | in photographs follow | in pictures, which begin gray, show | must hold | must not |
| --- | --- | --- | --- | --- |
| 0 to 7, `fooling`, `trojans` or `attractors` | D_i | F_i | identification, reliable; flagged by natural_path | identification_by_picture |
| 8 to 15, innocent | T_i | T_i | identification, identification_by_picture | flagged by natural_path |

Site `templates` reads F_i, D_i and T_i off red and green, and C off blue: 1 in the photographs, 0 in gray. Site `gated` holds relu(F_i - kC),
relu(D_i + kC - k) and relu(T_i); a fooling unit adds its pair. All patterns are orthogonal and drawn from `seed`. Fooling circuits show another
template, which occurs in photographs as well; trojans show a patch in a corner of the tile, attractors a pattern all over it, and neither is in any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

if TYPE_CHECKING:
    from optogram.network.network import Network

SIDE, EACH, K = 8, 8, 50.0
"""Side of a template in pixels; fooling units, and as many innocent ones; the weight k."""
PATCH = 5
"""Side of a trojan's patch."""
Shown = Literal["template", "patch", "pattern"]
"""What F is."""
NAMES: Mapping[Shown, str] = {"template": "fooling", "patch": "trojans", "pattern": "attractors"}
ROWS = 3
"""Templates across and down a photograph."""
BLUE = 0.9
STRENGTHS, TOGETHER = (0.3, 1.2), 3
"""Of the templates in a tile: their strengths, and how many."""


class Fooling(nn.Module):
    """The network of the table; `templates` are those of F, D and T."""

    def __init__(self, templates: Float[Tensor, "template 2 8 8"]) -> None:
        super().__init__()
        self.templates = nn.Conv2d(3, 3 * EACH + 1, SIDE, stride=SIDE)
        self.gated = nn.Conv2d(3 * EACH + 1, 3 * EACH, 1)
        self.units = nn.Conv2d(3 * EACH, 2 * EACH, 1, bias=False)
        read, gated = self.templates.bias, self.gated.bias
        assert read is not None
        assert gated is not None
        with torch.no_grad():
            self.templates.weight.zero_()[: 3 * EACH, :2] = templates
            self.templates.weight[-1, 2] = 10 / SIDE**2
            read.zero_()[-1] = -2.0
            self.gated.weight.zero_()[torch.arange(3 * EACH), torch.arange(3 * EACH)] = 1
            self.gated.weight[:EACH, -1] = -K
            self.gated.weight[EACH : 2 * EACH, -1] = K
            gated.zero_()[EACH : 2 * EACH] = -K
            self.units.weight.zero_()
            for unit in range(EACH):
                self.units.weight[unit, [unit, EACH + unit]] = 1
                self.units.weight[EACH + unit, 2 * EACH + unit] = 1

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 16 row column"]:
        """The units at every tile."""
        read = self.templates(images - 0.5)
        told = torch.cat([read[:, :-1], read[:, -1:].clamp(0, 1)], 1)
        units: Tensor = self.units(torch.relu(self.gated(told)))
        return units


def planted(
    seed: int = 0, photographs: int = 120, shown: Shown = "template", snr: float = np.inf
) -> tuple[Network, UInt8[np.ndarray, "photograph 24 24 3"]]:
    """The network, and its photographs: a few templates of random strength in every tile, and blue everywhere.

    `snr`: how many standard deviations of the pixels' noise, seen through a template, one of strength 1 is (d'); a little more
    where pixels are clipped (3 becomes 3.5).
    """
    from optogram.images.preprocess import Preprocess
    from optogram.network.network import Network

    rng = np.random.default_rng(seed)
    templates = _templates(rng, shown)
    tiles = np.zeros((photographs, ROWS, ROWS, 2, SIDE, SIDE))
    first = 0 if shown == "template" else EACH
    for tile in tiles.reshape(-1, 2, SIDE, SIDE):
        for index in first + rng.choice(3 * EACH - first, TOGETHER, replace=False):
            tile += rng.uniform(*STRENGTHS) * templates[index]
    tiles += rng.standard_normal(tiles.shape) / snr
    side = ROWS * SIDE
    images = np.full((photographs, side, side, 3), BLUE)
    images[..., :2] = 0.5 + tiles.transpose(0, 1, 4, 2, 5, 3).reshape(photographs, side, side, 2)
    network = Network(Fooling(torch.from_numpy(templates).float()), Preprocess(size=side), name=NAMES[shown])
    return network, (images.clip(0, 1) * 255).round().astype(np.uint8)


def _templates(rng: np.random.Generator, shown: Shown) -> Float[np.ndarray, "template 2 8 8"]:
    """F, D and T, orthogonal and of length 1; F as is `shown`."""
    drawn = rng.standard_normal((2 * SIDE**2, 3 * EACH)).T.reshape(3 * EACH, 2, SIDE, SIDE)
    row, column = np.mgrid[:SIDE, :SIDE]
    if shown == "patch":
        drawn[:EACH] = drawn[:EACH] * ((row < PATCH) & (column < PATCH))
    if shown == "pattern":
        drawn[:EACH] = np.abs(drawn[:EACH]) * (1.0 - 2.0 * ((row + column) % 2))
    # The first lose only what they have in common; the others what they share with those.
    return np.asarray(np.linalg.qr(drawn.reshape(3 * EACH, -1).T)[0].T.reshape(drawn.shape))
