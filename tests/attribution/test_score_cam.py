"""Score-CAM with a loop over units, one masked photograph at a time; its baseline; units without a mask."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from tests.attribution.cams import IMAGES, at_site, close, enlarged, ours, refuses

from optogram.attribution.score_cam import masks, weighted
from optogram.testing.attribution import Small


def by_loop(baseline: float) -> np.ndarray:
    """Every unit of every photograph by itself, through the module."""
    module, (a, _) = Small().eval().double(), at_site()
    maps = []
    for image, grids in zip(IMAGES.double(), a, strict=True):
        scores = []
        for grid in grids:
            mask = F.interpolate(torch.from_numpy(grid)[None, None], size=(24, 24), mode="bilinear", align_corners=False)[0]
            mask = (mask - mask.min()) / (mask.max() - mask.min())
            rows = torch.stack([image * mask + baseline * (1 - mask), torch.full_like(image, baseline)])
            with torch.no_grad():
                seen, ground = module((rows - 0.4) / 0.3)[:, 2]
            scores.append(float(seen - ground))
        weights = np.exp(scores) / np.exp(scores).sum()
        maps.append((grids * weights[:, None, None]).sum(0))
    return enlarged(np.stack(maps))


def test_written_out() -> None:
    close(ours("score_cam"), by_loop(0.0))
    close(ours("score_cam", baseline=0.4), by_loop(0.4))
    assert np.abs(by_loop(0.0) - by_loop(0.4)).max() > 1e-3 * by_loop(0.0).max()


def test_a_unit_that_is_the_same_everywhere_gives_no_mask() -> None:
    grids = torch.rand(1, 3, 4, 4)
    grids[0, 1] = 7.0
    found = weighted(grids, torch.tensor([[0.5, 100.0, 0.5]]))
    torch.testing.assert_close(found[0, 0], (grids[0, 0] + grids[0, 2]) / 2)
    assert not masks(grids[:, 1:2]).any()


def test_refusals() -> None:
    refuses("score_cam")
