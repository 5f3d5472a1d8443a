"""Sobol indices: closed forms of planted functions of the cells, the estimator with slow loops, exact noughts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.attribution.games import PARTS, bilinear, images
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.attribution.sobol import crossed, designs
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small

SIDE = 8


class Planted(nn.Module):
    """Two units of the means z of four cells: Ishigami's function of pi (2 z - 1), and 1 z_0 + 2 z_1 + 3 z_2; the fourth has no effect."""

    def forward(self, x: Tensor) -> Tensor:
        z = nn.functional.avg_pool2d(x.mean(dim=1, keepdim=True), SIDE // 2).flatten(1)
        a, b, c = (math.pi * (2 * z[:, :3] - 1)).T
        return torch.stack((a.sin() + 7 * b.sin() ** 2 + 0.1 * c**4 * a.sin(), z[:, 0] + 2 * z[:, 1] + 3 * z[:, 2]), dim=1)


def cells(unit: int, **settings: object) -> np.ndarray:
    """The index of each of the four cells of a white photograph."""
    net = Network(Planted(), Preprocess(size=SIDE))
    found = attribute(net, torch.ones(1, 3, SIDE, SIDE), f"output:{unit}", "sobol", cells=2, batch_size=4096, progress=False, **settings)
    values = found.values[0, 0]
    assert (values == values[::4, ::4].repeat(4, 0).repeat(4, 1)).all()
    return values[::4, ::4].ravel()


def test_ishigamis_function_in_closed_form() -> None:
    b, fourth, eighth = 0.1, math.pi**4, math.pi**8
    variance = 49 / 8 + b * fourth / 5 + b**2 * eighth / 18 + 0.5
    alone, together = 0.5 * (1 + b * fourth / 5) ** 2, b**2 * eighth * 8 / 225
    total = np.array([alone + together, 49 / 8, together, 0]) / variance
    first = np.array([alone, 49 / 8, 0, 0]) / variance
    found = cells(0, samples=2048)
    np.testing.assert_allclose(found, total, atol=0.03)
    assert found[3] == 0
    np.testing.assert_allclose(cells(0, samples=4096, order="first"), first, atol=0.05)


def test_without_interactions_first_and_total_are_shares_of_squares() -> None:
    truth = np.array([1, 4, 9, 0]) / 14
    np.testing.assert_allclose(cells(1, samples=1024), truth, atol=0.02)
    np.testing.assert_allclose(cells(1, samples=2048, order="first"), truth, atol=0.04)


def test_the_estimator_with_loops() -> None:
    net, x = bilinear(), images()
    settings = {"segments": PARTS, "samples": 8, "baseline": 0.3, "seed": 5, "batch_size": 7, "progress": False}
    total, first = (attribute(net, x, "output:1", "sobol", order=order, **settings) for order in ("total", "first"))
    one, other = (part.numpy() for part in designs(6, 8, 5))
    for photo in range(2):

        def answer(shares: np.ndarray, photo: int = photo) -> float:
            share = torch.as_tensor(shares[PARTS])
            return float(net.run((share * x[photo] + (1 - share) * 0.3)[None])[0, 1])

        a, b = np.array([answer(row) for row in one]), np.array([answer(row) for row in other])
        variance = np.concatenate([a, b]).var(ddof=1)
        for part in range(6):
            swapped = one.copy()
            swapped[:, part] = other[:, part]
            c = np.array([answer(row) for row in swapped])
            inside = part == PARTS
            np.testing.assert_allclose(total.values[photo][:, inside], ((a - c) ** 2).sum() / (2 * 8) / variance, rtol=2e-3)
            np.testing.assert_allclose(first.values[photo][:, inside], 1 - ((b - c) ** 2).sum() / (2 * 8) / variance, rtol=2e-3, atol=2e-3)
    assert total.estimated
    assert not total.signed
    assert first.signed


def test_designs_fill_the_cube_evenly_and_cross_one_part_at_a_time() -> None:
    one, other = designs(5, 64, seed=1)
    for design in (one, other):
        assert design.shape == (64, 5)
        counts = (design * 16).long()
        assert all((torch.bincount(column, minlength=16) == 4).all() for column in counts.T), "a Sobol sequence has equally many in each sixteenth"
    assert not torch.equal(one, designs(5, 64, seed=2)[0])
    rows = crossed(one, other, torch.arange(64 * 7)).view(7, 64, 5)
    assert torch.equal(rows[0], one)
    assert torch.equal(rows[1], other)
    for part in range(5):
        assert torch.equal(rows[2 + part][:, part], other[:, part])
        others = [column for column in range(5) if column != part]
        assert torch.equal(rows[2 + part][:, others], one[:, others])


def test_refusals() -> None:
    with pytest.raises(SettingError, match="samples is at least 2; got 1"):
        attribute(small(), photographs(1), "head:2", "sobol", samples=1)
    with pytest.raises(SettingError, match="no order .total_.. Nearest: total"):
        attribute(small(), photographs(1), "head:2", "sobol", order="total_")
    with pytest.raises(NotDefinedError, match="use integrated_gradients or conductance"):
        attribute(small(), photographs(1), "head:2", "sobol", source="cut")
