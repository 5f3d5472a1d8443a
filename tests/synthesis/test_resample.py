from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from optogram.synthesis.preset import ROBUST
from optogram.synthesis.resample import by_grid, resample, sparse_map, view
from optogram.synthesis.transforms._transform import identity
from optogram.synthesis.transforms.jitter import jitter
from optogram.synthesis.transforms.pad import pad
from optogram.synthesis.transforms.rotate import rotate
from optogram.synthesis.transforms.scale import scale


def slow(image: np.ndarray, matrix: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear sampling pixel by pixel; gray outside."""
    rows, columns = image.shape
    seen = np.empty((height, width))
    for y in range(height):
        for x in range(width):
            row, column, _ = matrix @ [y - (height - 1) / 2, x - (width - 1) / 2, 1] + [(rows - 1) / 2, (columns - 1) / 2, 0]
            value = 0.0
            for i in (int(np.floor(row)), int(np.floor(row)) + 1):
                for j in (int(np.floor(column)), int(np.floor(column)) + 1):
                    inside = 0 <= i < rows and 0 <= j < columns
                    value += (1 - abs(row - i)) * (1 - abs(column - j)) * (image[i, j] if inside else 0.5)
            seen[y, x] = value
    return seen


@given(st.integers(0, 10_000), st.sampled_from([(9, 12, 9, 12), (8, 8, 13, 13), (7, 10, 5, 16)]))
def test_one_sparse_product_equals_sampling_pixel_by_pixel_and_by_grid(seed: int, sizes: tuple[int, int, int, int]) -> None:
    rows, columns, height, width = sizes
    images = torch.rand(2, 3, rows, columns, generator=torch.Generator().manual_seed(seed))
    matrix = view((jitter(5), scale(0.7, 1.4), rotate(40.0), jitter(3)), np.random.default_rng(seed))
    seen = resample(images, matrix, height, width)
    assert seen.shape == (2, 3, height, width)
    assert np.abs(seen[1, 2].numpy() - slow(images[1, 2].numpy(), matrix, height, width)).max() < 1e-4
    assert (seen - by_grid(images, matrix, height, width)).abs().max() < 1e-4


def test_its_gradient_is_by_finite_differences() -> None:
    images = torch.rand(2, 1, 6, 7, requires_grad=True)
    matrix = view((scale(0.8, 0.8), rotate(20.0), jitter(4)), np.random.default_rng(3))
    weights = torch.randn(2, 1, 8, 9)
    (gradient,) = torch.autograd.grad((resample(images, matrix, 8, 9) * weights).sum(), images)
    for row, i, j in [(0, 0, 0), (1, 3, 3), (0, 5, 6), (1, 2, 4)]:
        moved = images.detach().clone()
        moved[row, 0, i, j] += 0.5
        slope = ((resample(moved, matrix, 8, 9) - resample(images, matrix, 8, 9)) * weights).sum().item() / 0.5
        assert gradient[row, 0, i, j].item() == pytest.approx(slope, abs=1e-4)


def test_no_transform_is_no_change_and_whole_shifts_move_pixels_exactly() -> None:
    images = torch.rand(1, 3, 8, 8)
    assert resample(images, identity(), 8, 8) is images
    matrix = identity()
    matrix[:2, 2] = (2, -1)
    seen = resample(images, matrix, 8, 8)
    assert torch.allclose(seen[:, :, :6, 1:], images[:, :, 2:, :7], atol=1e-6)
    assert (seen[:, :, 6:] == 0.5).all()
    assert (seen[:, :, :, 0] == 0.5).all()


def test_a_wider_view_surrounds_the_picture_with_gray() -> None:
    images = torch.rand(1, 1, 4, 4)
    seen = resample(images, view((pad(3),), np.random.default_rng(0)), 10, 10)
    assert torch.allclose(seen[:, :, 3:7, 3:7], images, atol=1e-6)
    assert seen.sum().item() == pytest.approx(images.sum().item() + 0.5 * 84, abs=1e-3)


def test_rows_do_not_mix_even_where_one_is_not_finite() -> None:
    images = torch.rand(2, 3, 8, 8)
    images[0] = torch.nan
    seen = resample(images, view(ROBUST, np.random.default_rng(1)), 8, 8)
    assert torch.isfinite(seen[1]).all()


def test_every_pixel_of_the_view_weighs_at_most_one() -> None:
    weights = sparse_map(view(ROBUST, np.random.default_rng(0)), 32, 32, 40, 40)
    sums = np.asarray(weights.sum(1)).ravel()
    assert weights.min() >= 0
    assert sums.max() <= 1 + 1e-5


@pytest.mark.parametrize("transform", [jitter(8), scale(0.8, 1.2), rotate(10.0), pad(12)])
def test_a_transform_stays_within_its_amounts_and_shrinks_with_the_canvas(transform: object) -> None:
    random = np.random.default_rng(0)
    full = [transform.draw(random) for _ in range(300)]  # type: ignore[attr-defined]
    half = [transform.scaled(0.25).draw(random) for _ in range(300)]  # type: ignore[attr-defined]
    shifts, sizes, angles = (np.array([measure(m) for m in full]) for measure in (shift, size, angle))
    limits = {"jitter": (4, 0, 0), "scale": (0, 0.25 + 1e-9, 0), "rotate": (0, 1e-9, 10), "pad": (0, 0, 0)}[type(transform).__name__]
    for values, limit in zip((shifts, sizes, angles), limits, strict=True):
        assert np.abs(values).max() <= limit + 1e-9
        assert limit < 1e-6 or np.abs(values).max() > 0.8 * limit
    assert all(np.abs(part - np.eye(3)).max() <= np.abs(np.array(full) - np.eye(3)).max() / 2 + 1e-9 for part in half)


def shift(matrix: np.ndarray) -> float:
    return float(np.abs(matrix[:2, 2]).max())


def size(matrix: np.ndarray) -> float:
    return float(np.sqrt(np.linalg.det(matrix[:2, :2])) - 1)


def angle(matrix: np.ndarray) -> float:
    return float(np.rad2deg(np.arctan2(matrix[0, 1], matrix[0, 0])))
