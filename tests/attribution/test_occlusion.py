"""Occlusion: windows covered one by one with NumPy, linear networks in closed form, and a peer beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.attribution.occlusion import corners_of
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import Small, photographs, small


@pytest.mark.parametrize(("window", "stride", "baseline"), [(5, 5, 0.0), ((4, 7), (3, 2), 0.5), (24, 24, 0.0), (6, 4, 0.25)])
def test_one_window_after_another(window: object, stride: object, baseline: float) -> None:
    net, images = small(), photographs(2)
    (tall, wide), (down, right) = (value if isinstance(value, tuple) else (value, value) for value in (window, stride))
    whole = net.run(images)[:, 2]
    falls, covers = np.zeros((2, 24, 24)), np.zeros((24, 24))
    for top in range(0, 24, down):
        for left in range(0, 24, right):
            if (top >= down and top - down + tall >= 24) or (left >= right and left - right + wide >= 24):
                continue
            covered = images.clone()
            covered[:, :, top : top + tall, left : left + wide] = baseline
            falls[:, top : top + tall, left : left + wide] += (whole - net.run(covered)[:, 2]).detach().numpy()[:, None, None]
            covers[top : top + tall, left : left + wide] += 1
    assert covers.min() >= 1
    found = attribute(net, images, "head:2", "occlusion", window=window, stride=stride, baseline=baseline, batch_size=5)
    assert not found.per_channel
    for channel in range(3):
        np.testing.assert_allclose(found.values[:, channel], falls / covers, atol=1e-6)


def test_windows_cover_everything_and_no_more_than_needed() -> None:
    assert corners_of((10, 10), (4, 4), (4, 4)) == [(top, left) for top in (0, 4, 8) for left in (0, 4, 8)]
    assert corners_of((8, 4), (4, 4), (2, 2)) == [(0, 0), (2, 0), (4, 0)]


def test_a_linear_network_pixel_by_pixel() -> None:
    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.layer = nn.Linear(36, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x.flatten(1))

    net = Network(Linear(), Preprocess(size=6))
    image = torch.rand(1, 6, 6)
    found = attribute(net, image, "layer:1", "occlusion", window=1).values[0]
    np.testing.assert_allclose(found, (image * net.module.layer.weight[1].view(1, 6, 6)).detach().numpy(), atol=1e-6)


def test_units_of_a_site_can_be_covered_where_they_are_a_map() -> None:
    net = small()
    found = attribute(net, photographs(), "head:2", "occlusion", source="cut", window=3)
    assert found.values.shape == (3, 8, 24, 24)
    assert not found.values[..., 18:].any()  # the last window that covers a column that matters ends at 18
    with pytest.raises(NotDefinedError, match="windows of an image"):
        attribute(net, photographs(), "output:2", "occlusion", source="head")


@pytest.mark.parametrize("method", ["occlusion", "feature_ablation"])
def test_what_falls_less_than_bfloat16_rounds_is_measured_in_single_precision(method: str) -> None:
    """The default windows and parts are small: each is worth less than the type's rounding of the response."""
    images, module = photographs(1).bfloat16(), Small()
    expected = attribute(small(module=module.bfloat16().float()), images.float(), "head:2", method)
    rounding = torch.finfo(torch.bfloat16).eps * np.abs(expected.responses[0])
    assert (np.abs(expected.values[expected.values != 0]) < rounding).mean() > 0.1
    found = attribute(small(module=module.bfloat16()), images, "head:2", method)
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4 * np.abs(expected.values).max())


def test_by_default_windows_of_a_seventh_overlap_by_half() -> None:
    net, images = small(), photographs(1, 3, 24, 32)
    found = attribute(net, images, "head:2", "occlusion", source="first")
    rows, columns = found.values.shape[2:]
    side = min(rows, columns) // 7
    assert side >= 2
    asked = attribute(net, images, "head:2", "occlusion", source="first", window=side, stride=side // 2)
    np.testing.assert_array_equal(found.values, asked.values)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(SettingError, match="within the image of 24x24; got 30x30"):
        attribute(small(), photographs(), "head:2", "occlusion", window=30)
    with pytest.raises(SettingError, match="pixels would be left out"):
        attribute(small(), photographs(), "head:2", "occlusion", window=3, stride=4)


def test_agrees_with_captum() -> None:
    attr = pytest.importorskip("captum.attr")
    module, images = Small().eval(), photographs()
    net = Network(module, Preprocess(size=24))
    ours = attribute(net, images, "head:2", "occlusion", window=6, stride=4).values
    theirs = attr.Occlusion(module).attribute(images, target=2, sliding_window_shapes=(3, 6, 6), strides=(3, 4, 4)).detach().numpy()
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_windows_that_the_crop_leaves_out_take_no_pass_and_change_nothing() -> None:
    """Beside a network that is given everything and looks at the middle alone."""
    rows: list[int] = []

    class Middle(nn.Module):
        def __init__(self, crop: bool) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.first, self.head, self.crop = nn.Conv2d(3, 4, 3), nn.Linear(4, 2), crop

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            rows.append(len(x))
            return self.head(self.first(x[:, :, 2:10, 8:16] if self.crop else x).sigmoid().mean((2, 3)))

    images = photographs(2, 3, 12, 24)
    cut, whole = Network(Middle(False), Preprocess(crop=8)), Network(Middle(True), Preprocess())
    cut.sites()
    rows.clear()
    found = attribute(cut, images, "head:1", "occlusion", window=4, stride=2, progress=False).values
    assert sum(rows) <= 2 * (1 + 5 * 5), "of five by eleven windows, five by five touch the crop"
    np.testing.assert_allclose(found, attribute(whole, images, "head:1", "occlusion", window=4, stride=2).values, atol=1e-6)
    assert found.any()
    assert not found[..., :6].any()
