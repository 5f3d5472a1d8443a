"""Three maps that cost nothing and know nothing of the network: what any method must beat."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError, unknown

FREE = ("random", "centre", "edges")
CENTRE = 1 / 4
"""Standard deviation of the centre's Gaussian, as a share of each side."""


def free_map(name: str, images: Float[Tensor, "batch channel height width"], seed: int = 0) -> Float[Tensor, "batch height width"]:
    """random: uniform noise, the same for every photograph. centre: a Gaussian in the middle. edges: the photograph's Sobel magnitude."""
    batch, _, height, width = images.shape
    if name == "random":
        noise = torch.rand(height, width, generator=torch.Generator().manual_seed(seed))
        return noise.to(images).expand(batch, -1, -1)
    if name == "centre":
        rows, columns = (torch.linspace(-0.5, 0.5, side).to(images) for side in (height, width))
        return torch.exp(-(rows[:, None] ** 2 + columns[None, :] ** 2) / (2 * CENTRE**2)).expand(batch, -1, -1)
    if name == "edges":
        return edges(images)
    raise SettingError(unknown("free map", name, FREE))


def edges(images: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch height width"]:
    """The length of the gray photograph's Sobel gradient; the border is repeated."""
    gray = F.pad(images.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]).to(images) / 8
    slopes = F.conv2d(gray, torch.stack((across, across.T))[:, None])
    length: Tensor = torch.linalg.vector_norm(slopes, dim=1)
    return length
