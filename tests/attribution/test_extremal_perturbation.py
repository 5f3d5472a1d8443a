"""Extremal perturbation: a planted region is found at its own area, masks have the area asked for, the smooth maximum by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.attribution.extremal_perturbation import SHARPNESS, kernel_of, spread, step_of
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small

SIDE = 24
REGION = (slice(4, 12), slice(12, 20))


class Spot(nn.Module):
    """The mean of one square, against it that of another, and a very little of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * SIDE * SIDE, 1, bias=False)
        weight = torch.full((3, SIDE, SIDE), 0.01 / (3 * SIDE**2))
        weight[:, *REGION] = 1 / (3 * 64)
        weight[:, 16:22, 2:8] = -1 / (3 * 36)
        self.head.weight = nn.Parameter(weight.view(1, -1))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.flatten(1))


def ask(**settings: object) -> object:
    net = Network(Spot(), Preprocess(size=SIDE))
    return attribute(net, torch.full((3, SIDE, SIDE), 0.5), "head:0", "extremal_perturbation", baseline=0.0, progress=False, **settings)


def test_the_planted_region_is_found() -> None:
    found = ask(areas=64 / SIDE**2, steps=80, smooth=0.03)
    mask = found.map(0)
    inside = np.zeros((SIDE, SIDE), bool)
    inside[REGION] = True
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert mask[inside].mean() > 0.85
    assert mask[~inside].mean() < 0.05
    assert (mask > 0.5).mean() == pytest.approx(64 / SIDE**2, abs=0.01), "the mask has the area that was asked for"
    assert not found.estimated
    assert found.notes[0].startswith("responses: 0.")


def test_areas_are_nested_evidence() -> None:
    """The mean over areas is highest where the smallest mask is, and each area is as asked for."""
    for area in (0.05, 0.3):
        assert (ask(areas=area, steps=80, smooth=0.03).map(0) > 0.5).mean() == pytest.approx(area, abs=0.01)
    both = ask(areas=(0.05, 0.3), steps=80, smooth=0.03).map(0)
    assert both[REGION].mean() > 0.7
    assert both[16:22, 2:8].mean() < 0.1, "what speaks against the unit is left out"


def test_the_smooth_maximum_by_hand() -> None:
    cells = torch.rand(2, 1, 5, 6, generator=torch.Generator().manual_seed(0))
    kernel = kernel_of(0.8)
    reach = len(kernel) // 2
    assert kernel.tolist() == pytest.approx([math.exp(-0.5 * (step / 0.8) ** 2) for step in range(-reach, reach + 1)])

    def line(values: np.ndarray) -> np.ndarray:
        found = []
        for place in range(len(values)):
            near = [kernel[step + reach] * values[place + step] if 0 <= place + step < len(values) else 0.0 for step in range(-reach, reach + 1)]
            shares = np.exp(SHARPNESS * np.array(near, float))
            found.append(float((np.array(near, float) * shares).sum() / shares.sum()))
        return np.array(found)

    for row in range(2):
        expected = np.apply_along_axis(line, 1, np.apply_along_axis(line, 0, cells[row, 0].numpy()))
        np.testing.assert_allclose(spread(cells, kernel)[row, 0].numpy(), expected, rtol=1e-4)


def test_the_step_has_its_area() -> None:
    assert step_of(10, 0.3).tolist() == [0] * 7 + [1] * 3
    assert step_of(784, 0.05).sum() == 39


def test_refusals() -> None:
    for settings, told in (({"areas": 1.2}, "between 0 and 1"), ({"areas": ()}, "between 0 and 1"), ({"steps": 0}, "steps from 1 up")):
        with pytest.raises(SettingError, match=told):
            attribute(small(), photographs(1), "head:2", "extremal_perturbation", **settings)
    with pytest.raises(NotDefinedError, match="masks photographs"):
        attribute(small(), photographs(1), "head:2", "extremal_perturbation", source="cut")


def test_three_steps_written_out() -> None:
    """The objective in one piece, its gradient by the cells taken through the network; what it responds is noted."""
    net, x, areas = small(), photographs(1), (0.1, 0.4)
    base, order = x.mean((2, 3), keepdim=True).expand_as(x), torch.stack([step_of(36, area) for area in areas])
    kernel, cells, speed = kernel_of(0.2 * 6), torch.full((2, 1, 6, 6), 0.5), torch.zeros(2, 1, 6, 6)

    def masked(small_mask: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(small_mask, size=(24, 24), mode="bilinear", align_corners=False)

    def response(images: torch.Tensor) -> torch.Tensor:
        return net.run(images)[:, 2]

    met = [response(x).detach(), response(base).detach()]
    for weight in (0.1, 2**0.5, 20.0):
        leaf = cells.clone().requires_grad_()
        coarse = spread(leaf, kernel)
        answers = response(base + masked(coarse) * (x - base))
        met.append(answers.detach())
        reach = torch.cat(met).max() - torch.cat(met).min()
        loss = weight * (coarse.flatten(1).sort(1).values - order).square().sum() - 36 * answers.sum() / reach
        speed = 0.9 * speed + torch.autograd.grad(loss, leaf)[0]
        cells = (cells - 0.02 * speed).clamp(0, 1)
    masks = masked(spread(cells, kernel))
    kept = response(base + masks * (x - base)).tolist()
    found = attribute(net, x, "head:2", "extremal_perturbation", areas=areas, steps=3, cells=6, smooth=0.2, baseline="mean", progress=False)
    np.testing.assert_allclose(found.values[0, 0, :, :14], masks.mean(0)[0, :, :14].numpy(), atol=1e-4)
    told = f"{kept[0]:.3g} to 0.1 of the area, {kept[1]:.3g} to 0.4 of the area, {float(met[0]):.3g} to the whole photograph"
    assert found.notes == (f"responses: {told}, {float(met[1]):.3g} to the baseline",)
