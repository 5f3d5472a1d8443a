from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from optogram.errors import NotDefinedError
from optogram.images.open_images import open_images
from optogram.images.preprocess import Preprocess
from optogram.lab.hierarchy import MOST_SITES, _default_class, _driving, _stretches, _walked, hierarchy, padded, silenced
from optogram.network.network import Network
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


def test_the_path_takes_the_unit_that_adds_most() -> None:
    """Four units that all see the same brightness, of which a class reads 1, 2, 3 and .5 times as much; one speaks against it."""
    conv, head = nn.Conv2d(3, 5, 1), nn.Linear(5, 2)
    with torch.no_grad():
        conv.weight.fill_(1 / 3), conv.bias.zero_(), head.weight.zero_(), head.bias.zero_()  # type: ignore[union-attr]
        head.weight[1] = torch.tensor([1, 2, 3, 0.5, -4])
    network = Network(nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval(), Preprocess(size=8), name="planted")
    pixels = torch.rand(12, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    path, parts, drops, others = _walked(network, "output:1", _stretches(network, "output:1"), pixels, 0, lambda more: None)
    assert path[1].endswith(":2")
    assert parts[0] == pytest.approx(3 / 6.5, rel=1e-4)
    assert drops[0] > max(others[0])


def test_each_step_starts_from_the_unit_above_and_not_from_the_class() -> None:
    """Of three colours the class gets most from green, by 2 + 5 against 2 x 3; but the unit that adds most to it gets most from red."""
    below, above, head = nn.Conv2d(3, 3, 1, bias=False), nn.Conv2d(3, 2, 1, bias=False), nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        below.weight.copy_(torch.eye(3)[:, :, None, None])
        above.weight.copy_(torch.tensor([[3.0, 1, 0.1], [0, 5, 0.1]])[:, :, None, None])
        head.weight.copy_(torch.tensor([[0.0, 0], [2, 1]]))
    layers = nn.Sequential(below, nn.ReLU(), above, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    network = Network(layers.eval(), Preprocess(size=8), name="planted")
    pixels = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1)
    path, parts, _, _ = _walked(network, "output:1", _stretches(network, "output:1"), pixels, 0, lambda more: None)
    assert path == ["output:1", "2:0", "0:0"]
    assert parts == pytest.approx([8.2 / 13.3, 3 / 4.1], rel=1e-3)


def test_of_classes_answered_equally_often_the_first_one_begins_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every process: a set's order differs from one to the next."""
    names = iter([f"head_photo:{number}" for number in range(16, 0, -1)] * 4)
    monkeypatch.setattr("optogram.lab.hierarchy.greatest", lambda network, image: next(names))
    assert _default_class(photonet(), torch.zeros(64, 3, 8, 8)) == "head_photo:16"


def test_a_class_s_own_plane_is_no_step() -> None:
    """Classes that are planes of a last convolution, rectified and averaged: the path goes on from there to a site where several units add."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.Conv2d(6, 8, 3), nn.ReLU())
        planes = nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = Network(nn.Sequential(body, planes).eval(), Preprocess(size=24), name="planes")
    pixels = torch.rand(12, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    path, parts, _, others = _walked(network, "output:1", _stretches(network, "output:1"), pixels, 0, lambda more: None)
    assert path[0] == "output:1"
    assert not [name for name in path[1:] if name.startswith("1.")]
    assert len(path) > 2
    assert max(parts) < 1
    assert padded(others).shape == (len(others), 7), "the widest site has eight units"
    assert np.isnan(padded(others)).sum() == sum(7 - len(rest) for rest in others) > 0


def test_a_network_without_places_is_refused() -> None:
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(24 * 24 * 3, 4)).eval(), Preprocess(size=24), name="linear")
    photos = open_images(np.random.default_rng(0).integers(0, 255, (4, 24, 24, 3), dtype=np.uint8))
    with pytest.raises(NotDefinedError, match="no site with places below has several that do: name another with --unit"):
        hierarchy(photos, network=network, unit="output:1", quick=True, progress=False)


def test_stretches_begin_at_evenly_spaced_sites_and_leave_none_out() -> None:
    layers = [part for _ in range(9) for part in (nn.Conv2d(3, 3, 3, padding=1), nn.ReLU())]
    network = Network(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)).eval(), Preprocess(size=8), name="deep")
    stretches = _stretches(network, "output:1")
    flat = [site.address for stretch in stretches for site in stretch]
    below = [site.address for site in network.sites() if site.layout == "spatial" and site.order < network.site("output").order]
    assert flat == below[::-1]
    assert len(stretches) == MOST_SITES < len(flat)
    assert max(len(stretch) for stretch in stretches[:-1]) - min(len(stretch) for stretch in stretches[:-1]) <= 1


class TestQuick:
    def test_the_path_goes_down_site_by_site(self, quick: Quick) -> None:
        found = quick("hierarchy").result
        network = photonet()
        orders = [network.unit(name).site.order for name in found.units]
        assert orders == sorted(orders, reverse=True)
        assert len(set(orders)) == len(orders) >= 4
        assert (found.share > 1 / 96).all()
        assert len(found.synthesized) == len(found.exemplars) == len(found.units)
        boxes = [network.receptive_field(name) for name in found.units[1:]]
        assert [picture.shape[:2] for picture in found.synthesized] == [(64, 64), *((box.height, box.width) for box in boxes)]

    def test_its_units_matter_more_than_others(self, quick: Quick) -> None:
        found = quick("hierarchy").result
        assert found["path"] >= 0.5 > found.finding("path").chance
        assert (found.drop > 0).mean() > 0.7
