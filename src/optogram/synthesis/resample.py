"""One affine resampling of a batch: every transform of a step at once, the same for every picture of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import scipy.sparse
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.synthesis.transforms._transform import Matrix, Transform, identity

GRAY = 0.5
"""What lies outside the picture."""


def view(transforms: Sequence[Transform], random: np.random.Generator) -> Matrix:
    """The map of all transforms, applied to the picture in the order given: from the network's view to the canvas."""
    return reduce(np.matmul, [transform.draw(random) for transform in transforms], identity())


def resample(
    images: Float[Tensor, "row channel height width"], matrix: Matrix, height: int, width: int, sparse: scipy.sparse.csr_matrix | None = None
) -> Float[Tensor, "row channel rows columns"]:
    """Bilinear; what lies outside the picture is middle gray.

    On a processor the map is one sparse matrix for all rows and channels, an order of magnitude faster than sampling each
    row by a grid of its own; elsewhere it is `grid_sample`. Both give the same to rounding. `sparse`: the map's own weights, if they
    are known.
    """
    if (height, width) == images.shape[2:] and np.array_equal(matrix, identity()):
        return images
    if not sparsely(images):
        return by_grid(images, matrix, height, width)
    sparse = sparse_map(matrix, images.shape[2], images.shape[3], height, width) if sparse is None else sparse
    seen: Tensor = _Sparse.apply(images, sparse, height, width)  # type: ignore[no-untyped-call]
    return seen


def sparsely(images: Tensor) -> bool:
    """Whether images are resampled by sparse matrices."""
    return images.device.type == "cpu" and images.dtype == torch.float32


def by_grid(images: Float[Tensor, "row channel height width"], matrix: Matrix, height: int, width: int) -> Float[Tensor, "row channel rows columns"]:
    """The same by `torch.nn.functional.grid_sample`."""
    rows, columns = images.shape[2:]
    row, column = coordinates(matrix, rows, columns, height, width)
    grid = np.stack([(2 * column + 1) / columns - 1, (2 * row + 1) / rows - 1], axis=-1)
    places = torch.as_tensor(grid, dtype=images.dtype, device=images.device).expand(len(images), -1, -1, -1)
    return F.grid_sample(images - GRAY, places, align_corners=False) + GRAY


def coordinates(matrix: Matrix, rows: int, columns: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the canvas, fractional, that each pixel of the view shows: two arrays [height, width]."""
    down = (np.arange(height) - (height - 1) / 2)[:, None]
    across = (np.arange(width) - (width - 1) / 2)[None]
    row = matrix[0, 0] * down + matrix[0, 1] * across + matrix[0, 2] + (rows - 1) / 2
    column = matrix[1, 0] * down + matrix[1, 1] * across + matrix[1, 2] + (columns - 1) / 2
    return row, column


def sparse_map(matrix: Matrix, rows: int, columns: int, height: int, width: int) -> scipy.sparse.csr_matrix:
    """The bilinear weights as a matrix [height width, rows columns]; four entries a pixel of the view."""
    row, column = (edge.astype(np.float32) for edge in coordinates(matrix, rows, columns, height, width))
    top, left = np.floor(row), np.floor(column)
    below, right = row - top, column - left
    rows_of = [(top, 1 - below), (top + 1, below)]
    columns_of = [(left, 1 - right), (left + 1, right)]
    places = np.empty((height, width, 2, 2), np.int32)
    weights = np.empty((height, width, 2, 2), np.float32)
    for first, (line, share) in enumerate(rows_of):
        line_weight = share * ((line >= 0) & (line < rows))
        line_start = np.clip(line, 0, rows - 1).astype(np.int32) * np.int32(columns)
        for second, (place, part) in enumerate(columns_of):
            weights[:, :, first, second] = line_weight * part * ((place >= 0) & (place < columns))
            places[:, :, first, second] = line_start + np.clip(place, 0, columns - 1).astype(np.int32)
    ends = np.arange(0, height * width * 4 + 1, 4, dtype=np.int32)
    return scipy.sparse.csr_matrix((weights.ravel(), places.ravel(), ends), shape=(height * width, rows * columns))


class _Sparse(torch.autograd.Function):
    """out = S x + (1 - S 1) / 2 for pixels as rows; the gradient is S' g. The result is a view whose pixels lie together."""

    @staticmethod
    def forward(context: Any, images: Tensor, sparse: Any, height: int, width: int) -> Tensor:
        count, channels = images.shape[:2]
        context.sparse, context.shape = sparse, images.shape
        pixels = images.reshape(count * channels, -1).t().contiguous().numpy()
        seen = sparse @ pixels
        outside = GRAY * (1 - sparse.data.reshape(-1, 4).sum(1))
        if outside.any():
            seen += outside[:, None]
        return torch.from_numpy(seen).view(height, width, count, channels).permute(2, 3, 0, 1)

    @staticmethod
    def backward(context: Any, *gradients: Any) -> tuple[Tensor, None, None, None]:
        (gradient,) = gradients
        pixels = gradient.permute(2, 3, 0, 1).reshape(-1, gradient.shape[0] * gradient.shape[1]).numpy()
        spread = torch.from_numpy(context.sparse.T @ pixels)
        return spread.t().reshape(context.shape), None, None, None
