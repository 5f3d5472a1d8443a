from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.errors import SettingError
from optogram.evidence._bank import Bank
from optogram.evidence._viewers import NetworkViewer, as_viewer


def network(seed: int, channels: int = 3, name: str = "small") -> og.Network:
    torch.manual_seed(seed)
    module = nn.Sequential(
        nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2)
    )
    return og.Network(module, og.Preprocess(size=16), name=name)


def test_the_bank_is_known_by_name() -> None:
    assert as_viewer("bank", network(0)) == Bank()


def test_the_network_cannot_be_its_own_viewer() -> None:
    judged = network(0)
    same = og.Network(judged.module, og.Preprocess(size=16), name="copy")
    for viewer in (judged, same, NetworkViewer(same)):
        with pytest.raises(SettingError, match=r"cannot be its own viewer: .* predicts as well in untrained twins"):
            as_viewer(viewer, judged)


def test_another_network_sees_by_its_own_activations() -> None:
    other = network(1, name="other")
    viewer = as_viewer(other, network(0))
    assert viewer.name.startswith("other at ")
    patches = np.random.default_rng(0).integers(0, 256, (70, viewer.side, viewer.side, 3)).astype(np.uint8)
    images = torch.from_numpy(patches).permute(0, 3, 1, 2).double().div(255).float()
    maps = other.read(viewer.site.address, images)
    assert maps.ndim == 4
    expected = nn.functional.adaptive_avg_pool2d(maps, 3).flatten(1)
    np.testing.assert_allclose(viewer.features(patches), expected.detach().numpy(), atol=1e-5)


def test_a_transformer_sees_by_its_patches_where_they_lie() -> None:
    """The zoo's takes images of its own size only, and has a token that lies nowhere."""
    other = og.load("zoo:circuits_vit")
    viewer = as_viewer(other, network(0))
    site = other.site(viewer.site.address)
    assert (viewer.side, viewer.side) == other.input_size
    assert site.layout == "tokens"
    patches = np.random.default_rng(0).integers(0, 256, (3, viewer.side, viewer.side, 3)).astype(np.uint8)
    images = torch.from_numpy(patches).permute(0, 3, 1, 2).float() / 255
    lying = other.read(site, images)[:, len(site.prefix) :].transpose(1, 2).reshape(3, site.units, *site.patch_grid)
    expected = nn.functional.adaptive_avg_pool2d(lying, 3).flatten(1).detach().numpy()
    np.testing.assert_allclose(viewer.features(patches), expected, atol=1e-4)


class Placed(nn.Module):
    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.read, self.place = nn.Conv2d(3, 4, 5), nn.Parameter(torch.rand(1, 4, rows - 4, columns - 4))
        self.next = nn.Conv2d(4, 4, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.next(self.read(images) + self.place)


def test_a_network_of_one_size_sees_at_that_size() -> None:
    def fixed(rows: int, columns: int) -> og.Network:
        module = nn.Sequential(Placed(rows, columns), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
        return og.Network(module, og.Preprocess(size=(rows, columns)), name="fixed")

    viewer = NetworkViewer(fixed(40, 40), "0.next")
    assert (viewer.side, viewer.features(np.zeros((2, 40, 40, 3), np.uint8)).shape) == (40, (2, 36))
    with pytest.raises(SettingError, match="takes images of 40x50 only; patches are squares"):
        NetworkViewer(fixed(40, 50), "0.next")


@pytest.mark.parametrize(("seen", "given"), [(1, 3), (3, 1)])
def test_gray_and_colour_meet(seen: int, given: int) -> None:
    viewer = NetworkViewer(network(2, seen))
    patches = np.full((2, 96, 96, given), 90, np.uint8)
    assert np.ptp(viewer.features(patches), axis=0).max() == 0
    same = NetworkViewer(network(2, seen)).features(np.full((2, 96, 96, seen), 90, np.uint8))
    np.testing.assert_allclose(viewer.features(patches), same, atol=1e-6)


def test_a_network_without_places_is_refused() -> None:
    flat = og.Network(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 4)), og.Preprocess(size=8), name="flat")
    with pytest.raises(SettingError, match="no site with places to see by"):
        as_viewer(flat, network(0))
    with pytest.raises(SettingError, match="1 has no site with places"):
        NetworkViewer(flat, site="1")


def test_unknown_viewers_are_refused(unchecked: None) -> None:
    for viewer in ("gabor", 5):
        with pytest.raises(SettingError, match='viewer is "bank", a network'):
            as_viewer(viewer, network(0))
