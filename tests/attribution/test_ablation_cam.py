"""Ablation-CAM with a loop over units, each silenced in a pass of its own; and a response below zero."""

from __future__ import annotations

import numpy as np
import torch
from tests.attribution.cams import IMAGES, at_site, close, enlarged, ours, refuses

from optogram.attribution._attribute import attribute
from optogram.testing.attribution import Small, small


def by_loop() -> np.ndarray:
    module, (a, _) = Small().eval().double(), at_site()
    maps = []
    with torch.no_grad():
        for image, grids in zip(IMAGES.double(), a, strict=True):
            x = (image[None] - 0.4) / 0.3
            x = module.cut(torch.relu(module.norm(module.first(module.cut(x)))))
            first = torch.relu(module.second(x))

            def response(site: np.ndarray, first: torch.Tensor = first) -> float:
                return float(module.head((first + torch.relu(torch.from_numpy(site)[None] - 0.1)).mean((2, 3)))[0, 2])

            whole = response(grids)
            silenced = [grids * (np.arange(len(grids)) != unit)[:, None, None] for unit in range(len(grids))]
            weights = np.array([(whole - response(site)) / abs(whole) for site in silenced])
            maps.append((grids * weights[:, None, None]).sum(0))
    return enlarged(np.stack(maps))


def test_written_out() -> None:
    """The responses are below zero here: a quotient by y itself would turn the map round."""
    close(ours("ablation_cam"), by_loop(), 1e-3)
    assert (attribute(small(), IMAGES, "head:2", "gradient").responses < 0).all()


def test_refusals() -> None:
    refuses("ablation_cam")
