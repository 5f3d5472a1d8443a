"""RISE: the formula with a slow loop, a planted object, noughts for a constant."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.attribution.games import bilinear, images

from optogram.attribution._attribute import attribute
from optogram.attribution.rise import draw_mask
from optogram.errors import NotDefinedError, SettingError
from optogram.testing.attribution import photographs, small


def test_the_formula_mask_by_mask() -> None:
    net, x = bilinear(), images()
    found = attribute(net, x, "output:1", "rise", samples=9, cells=3, baseline=0.25, seed=4, batch_size=4, progress=False)
    generator = torch.Generator().manual_seed(4)
    masks = [draw_mask(x, 3, 0.5, generator)[0, 0] for _ in range(9)]
    for photo in range(2):
        answers = [float(net.run((mask * x[photo] + (1 - mask) * 0.25)[None])[0, 1]) for mask in masks]
        weighted = sum(answer * mask for answer, mask in zip(answers, masks, strict=True)) / sum(masks)
        np.testing.assert_allclose(found.values[photo, 0], (weighted - np.mean(answers)).numpy(), atol=1e-5)
    assert found.estimated
    assert not found.per_channel


def test_masks_are_what_they_should_be() -> None:
    generator = torch.Generator().manual_seed(0)
    like = torch.zeros(1, 3, 50, 37)
    masks = torch.cat([draw_mask(like, 5, 0.3, generator) for _ in range(300)])
    assert masks.shape == (300, 1, 50, 37)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert abs(float(masks.mean()) - 0.3) < 0.02
    assert masks.mean(0).std() < 0.05


def test_a_mask_pixel_by_pixel() -> None:
    """The coins as heights of cells, straight between their middles, seen through a window that is shifted by up to a cell."""
    like, cells, seen = torch.zeros(1, 3, 10, 13), 3, set()
    for seed in range(20):
        mask = draw_mask(like, cells, 0.5, torch.Generator().manual_seed(seed))[0, 0].numpy()
        generator = torch.Generator().manual_seed(seed)
        coins = (torch.rand(1, 1, 4, 4, generator=generator) < 0.5).numpy()[0, 0].astype(float)
        rows, columns = 4, 5
        top, left = (int(torch.randint(0, side, (1,), generator=generator)) for side in (rows, columns))
        along = np.arange(4)
        down = np.stack([np.interp((np.arange(10) + top + 0.5) / rows - 0.5, along, column) for column in coins.T], axis=1)
        expected = np.stack([np.interp((np.arange(13) + left + 0.5) / columns - 0.5, along, row) for row in down])
        np.testing.assert_allclose(mask, expected, atol=1e-6)
        seen.add((top, left))
    assert len(seen) > 10


def test_it_finds_the_planted_object() -> None:
    class Spot(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = torch.nn.Linear(3 * 24 * 24, 1, bias=False)
            with torch.no_grad():
                weight = torch.zeros(3, 24, 24)
                weight[:, 4:10, 14:20] = 1
                self.head.weight.copy_(weight.view(1, -1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x.flatten(1))

    from optogram.images.preprocess import Preprocess
    from optogram.network.network import Network

    found = attribute(Network(Spot(), Preprocess(size=24)), torch.full((3, 24, 24), 0.5), "head:0", "rise", samples=400, cells=6, progress=False)
    row, column = np.unravel_index(found.map(0).argmax(), (24, 24))
    assert 4 <= row < 10
    assert 14 <= column < 20


def test_what_cannot_be() -> None:
    with pytest.raises(SettingError, match="keep between 0 and 1"):
        attribute(small(), photographs(1), "head:2", "rise", keep=1.0)
    with pytest.raises(NotDefinedError, match="masks photographs"):
        attribute(small(), photographs(1), "head:2", "rise", source="cut")
