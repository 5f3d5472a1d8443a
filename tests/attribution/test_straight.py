"""Walking a straight path behind the first layer gives what walking it in pixels gives, and is left alone where it would not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import optogram as og
from optogram.attribution import _straight


class Net(nn.Module):
    """Two convolutions; `around`: pixels also reach the head directly; `bent`: the first layer is no affine one."""

    def __init__(self, around: bool = False, bent: bool = False) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first, self.norm, self.second = nn.Conv2d(3, 5, 3, stride=2), nn.BatchNorm2d(5), nn.Conv2d(5, 4, 3)
        self.head = nn.Linear(4, 3)
        self.around, self.bent = around, bent

    def forward(self, images: Tensor) -> Tensor:
        z = self.norm(self.first(images.square() if self.bent else images))
        deep = self.second(z.relu()).sigmoid().mean(dim=(2, 3))
        return self.head(deep) + (images.mean(dim=(2, 3)).square() if self.around else 0.0)


def mapped(module: nn.Module, monkeypatch: pytest.MonkeyPatch, worth: int, **settings: object) -> og.Attribution:
    monkeypatch.setattr(_straight, "WORTH_LOOKING", worth)
    images = torch.rand(3, 3, 20, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    preprocess = og.Preprocess(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25))
    return og.attribute(og.Network(module, preprocess), images, "output:1", "integrated_gradients", progress=False, **settings)


@pytest.mark.parametrize("batch_size", [1, 2, 16])
@pytest.mark.parametrize("baseline", ["black", "blur"])
@pytest.mark.parametrize(("around", "bent"), [(False, False), (True, False), (False, True)])
def test_the_map_is_that_of_the_path_in_pixels(around: bool, bent: bool, baseline: str, batch_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    module = Net(around, bent).double().eval()
    found = mapped(module, monkeypatch, 16, steps=16, baseline=baseline, batch_size=batch_size)
    expected = mapped(module, monkeypatch, 99, steps=16, baseline=baseline, batch_size=batch_size)
    assert np.abs(expected.values).max() > 0
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=2e-6 * np.abs(expected.values).max())


def test_no_step_passes_the_first_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []
    module = Net().eval()
    real = nn.functional.conv2d

    def counted(images: Tensor, weight: Tensor, *rest: object) -> Tensor:
        if weight.shape[1] == 3:
            rows.append(len(images))
        return real(images, weight, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(nn.functional, "conv2d", counted)
    counts = []
    for worth in (16, 99):
        rows.clear()
        mapped(module.double(), monkeypatch, worth, steps=32)
        counts.append(sum(rows))
    assert counts[0] < counts[1] / 2
