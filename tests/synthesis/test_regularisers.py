"""Each regulariser against its formula written out pixel by pixel, on colour and gray, oblong pictures; penalties' slopes by finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from optogram.errors import SettingError
from optogram.synthesis.recipe import REGULARISERS
from optogram.synthesis.regularisers._regulariser import Operator, Penalty
from optogram.synthesis.regularisers.blur import blur
from optogram.synthesis.regularisers.decay import decay
from optogram.synthesis.regularisers.l2 import l2
from optogram.synthesis.regularisers.small_contribution import small_contribution
from optogram.synthesis.regularisers.small_norm import small_norm
from optogram.synthesis.regularisers.total_variation import total_variation

PICTURES = [torch.rand(2, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64) for size in ((3, 7, 11), (1, 9, 5))]
PENALTIES: dict[str, Penalty] = {"l2": l2(0.7), "total_variation": total_variation(0.3), "of power 1": total_variation(0.3, 1.0)}
OPERATORS: dict[str, Operator] = {
    "blur": blur(0.8, 3),
    "decay": decay(0.2),
    "small_norm": small_norm(40),
    "small_contribution": small_contribution(70),
}


def variation(image: np.ndarray, power: float) -> float:
    total = 0.0
    for channel, row, column in np.ndindex(image.shape):
        for below, right in ((1, 0), (0, 1)):
            if row + below < image.shape[1] and column + right < image.shape[2]:
                total += abs(image[channel, row + below, column + right] - image[channel, row, column]) ** power
    return total


def cut(deviations: np.ndarray, amount: np.ndarray, percentile: float) -> np.ndarray:
    """Pixels whose amount is below the percentile become gray."""
    kept = deviations.copy()
    line = np.percentile(amount, percentile)
    for row, column in np.ndindex(amount.shape):
        if amount[row, column] < line:
            kept[:, row, column] = 0
    return kept


def test_the_tables_have_every_regulariser() -> None:
    assert sorted({*PENALTIES, *OPERATORS} - {"of power 1"}) == REGULARISERS.names()
    assert all(isinstance(one, Penalty) for one in PENALTIES.values())
    assert all(isinstance(one, Operator) for one in OPERATORS.values())


@pytest.mark.parametrize("images", PICTURES, ids=["colour", "gray"])
def test_penalties_are_their_formulas(images: torch.Tensor) -> None:
    start = torch.full_like(images, 0.5)
    for row, image in enumerate(images.numpy()):
        expected = {"l2": 0.35 * ((image - 0.5) ** 2).sum(), "total_variation": 0.3 * variation(image, 2), "of power 1": 0.3 * variation(image, 1)}
        for name, one in PENALTIES.items():
            assert one.penalty(images, start)[row].item() == pytest.approx(expected[name], rel=1e-9), name


@pytest.mark.parametrize("name", PENALTIES)
def test_slopes_of_penalties_are_by_finite_differences(name: str) -> None:
    images, start = PICTURES[0].clone().requires_grad_(), torch.full_like(PICTURES[0], 0.4)
    (slope,) = torch.autograd.grad(PENALTIES[name].penalty(images, start).sum(), images)
    for place in range(0, images.numel(), 29):
        ends = []
        for sign in (1e-6, -1e-6):
            moved = PICTURES[0].clone()
            moved.view(-1)[place] += sign
            ends.append(PENALTIES[name].penalty(moved, start).sum().item())
        assert slope.reshape(-1)[place].item() == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


@pytest.mark.parametrize("images", PICTURES, ids=["colour", "gray"])
def test_what_is_done_to_pixels_is_its_formula(images: torch.Tensor) -> None:
    deviations, gradient = (images - 0.5).float(), torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    found = {name: one.after(deviations, gradient, 3).numpy() for name, one in OPERATORS.items()}
    for row, (z, g) in enumerate(zip(deviations.numpy(), gradient.numpy(), strict=True)):
        expected = {
            "blur": np.stack([scipy.ndimage.gaussian_filter(plane, 0.8) for plane in z]),
            "decay": 0.8 * z,
            "small_norm": cut(z, np.sqrt((z**2).sum(0)), 40),
            "small_contribution": cut(z, np.abs((z * g).sum(0)), 70),
        }
        for name, one in expected.items():
            assert found[name][row] == pytest.approx(one, abs=1e-5), name


def test_a_blur_has_its_turn_every_so_many_steps() -> None:
    deviations = (PICTURES[0] - 0.5).float()
    changed = [step for step in range(10) if not torch.equal(blur(0.5, 4).after(deviations, deviations, step), deviations)]
    assert changed == [0, 4, 8]
    for sigma, every in ((0.0, 4), (0.5, 0)):
        with pytest.raises(SettingError, match="sigma above 0 and an interval of at least 1"):
            blur(sigma, every)
