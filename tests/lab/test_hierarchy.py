from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from optogram.lab.hierarchy import _driving, silenced
from optogram.zoo.photonet import photonet

Quick = Callable[[str], Any]


def test_silencing_is_the_change_that_the_edit_makes() -> None:
    network, images = photonet(), torch.rand(6, 3, 64, 64)
    site = network.site("bn4")
    raw = network.read(site, images)
    mean = site.places(raw).mean(dim=(0, 2))
    changed = raw.clone()
    changed[:, 3] = mean[3]
    weight, bias = (network.layer("head_photo").weight[2], network.layer("head_photo").bias[2])
    before, after = (torch.relu(part).mean(dim=(2, 3)) @ weight + bias for part in (raw, changed))
    expected = float((before - after).mean() / before.std())
    assert silenced(network, "head_photo:2", site, [3], images, images) == pytest.approx([expected], rel=1e-3, abs=1e-5)


def test_the_photographs_that_drive_a_unit_most() -> None:
    network, images = photonet(), torch.rand(12, 3, 64, 64)
    values = network.read("bn2", images)[:, 5].flatten(1).amax(dim=1)
    assert _driving(network, "bn2:5", images, 3).tolist() == values.topk(3).indices.tolist()


class TestQuick:
    def test_the_path_goes_down_site_by_site(self, quick: Quick) -> None:
        found = quick("hierarchy").result
        network = photonet()
        orders = [network.unit(name).site.order for name in found.units]
        assert orders == sorted(orders, reverse=True)
        assert len(set(orders)) == len(orders) >= 4
        assert (found.share > 1 / 96).all()
        assert len(found.synthesized) == len(found.exemplars) == len(found.units)

    def test_its_units_matter_more_than_others(self, quick: Quick) -> None:
        found = quick("hierarchy").result
        assert found["path"] >= 0.5 > found.finding("path").chance
        assert (found.drop > 0).mean() > 0.7
