from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, max_pool2d

from optogram.errors import InputError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.load import load
from optogram.network.network import Network
from optogram.physiology.curves import modulation
from optogram.physiology.gratings import grating
from optogram.physiology.invariance import POOLINGS, UNCHANGED, alike, changed, crossing, invariance, pooled_drift
from optogram.zoo._photographs import held_out_crops
from optogram.zoo._planted import planted


@pytest.fixture(scope="module")
def crops() -> torch.Tensor:
    photos = held_out_crops(68)
    return torch.stack([torch.from_numpy(photos.load(index)).permute(2, 0, 1).float() / 255 for index in range(len(photos))])


def test_changes_are_what_they_say() -> None:
    images = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(changed(images, "position", 3)[:, :, :, 3:], images[:, :, :, :-3], atol=1e-5, rtol=0)
    torch.testing.assert_close(changed(images, "orientation", 90), torch.rot90(images, 1, (2, 3)), atol=1e-4, rtol=0)
    torch.testing.assert_close(changed(images, "illumination", 0.5), images / 2)
    spot = torch.zeros(1, 1, 33, 33)
    spot[0, 0, 16, 24] = 1
    assert changed(spot, "size", 1.5)[0, 0, 16].argmax() == 28
    for change, level in UNCHANGED.items():
        assert changed(images, change, level) is images
    with pytest.raises(SettingError, match="illumination"):
        changed(images, "ilumination", 0.5)


def test_nothing_changed_is_one_and_change_costs(crops: torch.Tensor) -> None:
    found = invariance(load("zoo:photonet"), ["relu1", "relu4"], crops, {"position": (0.0, 2.0, 6.0), "orientation": (0.0, 90.0)})
    np.testing.assert_allclose(found.curves["position"][:, 0], 1)
    assert found.curves["position"][0, 2] < 0.8
    assert found.curves["position"][1, 2] > found.curves["position"][0, 2] + 0.1
    assert (np.diff(found.curves["position"], axis=1) < 0).all()
    assert (found.curves["orientation"][:, 1] < 0.8).all()


def test_alike_in_closed_form() -> None:
    random = np.random.default_rng(0)
    one = random.random((20, 3))
    assert alike(one, 4 * one + 2) == pytest.approx(1)
    assert alike(one, -one) == pytest.approx(-1)
    assert alike(one, np.zeros((20, 3))) == 0
    other = random.random((20, 3))
    assert alike(one, other) == pytest.approx(np.mean([np.corrcoef(one[:, u], other[:, u])[0, 1] for u in range(3)]))
    kin = np.repeat(np.arange(4), 5)
    assert alike(one + 10 * kin[:, None], other + 10 * kin[:, None]) > 0.95
    without = alike(one + 10 * kin[:, None], other - 3 * kin[:, None], kin)
    means = [np.stack([part[kin == group].mean(0) for group in range(4)])[kin] for part in (one, other)]
    assert without == pytest.approx(alike(one - means[0], other - means[1]))


def test_planted_cells_survive_what_they_were_made_to() -> None:
    """Upright stripes of four pixels a cycle, in random phases and contrasts: moved by half a cycle the energy unit says what it said, its simple
    parts another thing; by a whole cycle all say the same. Half of the light halves what a unit without a bias says; turned, there are no stripes.
    """
    given, random = planted(3), np.random.default_rng(0)
    phases, contrasts = random.uniform(0, 2 * np.pi, 80), random.uniform(0.1, 0.9, 80)
    shown = torch.from_numpy(grating((32, 32), 90, 0.25, phases, contrast=contrasts))[:, None].expand(-1, 3, -1, -1)
    found = invariance(
        given.network, ["rectified", "energy"], shown, {"position": (0.0, 2.0, 4.0), "illumination": (0.5, 1.0), "orientation": (0.0, 90.0)}
    )
    np.testing.assert_allclose(found.curves["position"][1], 1, atol=0.01)
    assert found.curves["position"][0, 1] < 0
    assert found.curves["position"][0, 2] == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(found.curves["illumination"], 1, atol=0.01)
    assert found.curves["orientation"][1, 1] < 0.5
    assert found.units[1] == 1


def test_a_bar_leaves_one_field_as_it_enters_the_next() -> None:
    """Four neurons a row that average disjoint fields of eight pixels: each says how much of the bar lies on it, summed here pixel by pixel."""
    layer = nn.Conv2d(1, 1, 8, stride=8)
    nn.init.constant_(layer.weight, 1 / 64)
    nn.init.constant_(layer.bias, -0.5)
    network = Network(nn.Sequential(layer, nn.ReLU()), Preprocess(size=32, mean=(0.0,), std=(1.0,)), name="rows")
    offsets, rates = crossing(network, "0:0", width=4, offsets=np.arange(-14.0, 14.5, 0.5))
    columns = np.arange(32)
    for offset, row in zip(offsets, rates, strict=True):
        inside = np.clip(2 - np.abs(columns - 15.5 - offset) + 0.5, 0, 1)
        np.testing.assert_allclose(row, 0.5 * inside.reshape(4, 8).mean(1), atol=1e-5)
    within = np.abs(offsets) <= 13
    np.testing.assert_allclose(rates[within].sum(1), rates[within].sum(1)[0], rtol=1e-5, err_msg="what one loses the next one gains")
    assert ((rates > 1e-6).sum(1) <= 2).all()
    assert rates.argmax(1).tolist() == sorted(rates.argmax(1).tolist())
    assert set(rates.argmax(1)) == {0, 1, 2, 3}


def test_a_bar_moves_from_field_to_field() -> None:
    given = planted(3)
    offsets, rates = crossing(given.network, given.addresses["spot"])
    best = np.array([offsets[column].mean() for column in (rates == rates.max(0)).T])
    np.testing.assert_allclose(np.diff(best), 1, atol=0.01)
    assert (rates.max(1) > 0).all()


def test_pooled_simple_cells_become_complex() -> None:
    given = planted(3)
    rates = pooled_drift(given.network, "rectified", (1, 3, 13), np.array([90.0]), np.array([0.25]))
    unit = int(given.addresses["wave"].split(":")[1])
    ratios = {name: modulation(rates[number, :, unit, 0, 0]) for number, name in enumerate(POOLINGS)}
    assert (ratios["max"][0], ratios["sum"][0]) == pytest.approx((np.pi / 2, np.pi / 2), abs=0.03)
    assert ratios["squares"][0] == pytest.approx(1.6977, abs=0.03)
    for name in POOLINGS:
        assert ratios[name][2] < 0.5 < ratios[name][0]


def test_pooling_equals_a_slow_one() -> None:
    given = planted(1)
    rates = pooled_drift(given.network, "rectified", (5,), np.array([45.0]), np.array([0.2]), phases=4)
    weights = torch.from_numpy(given.truth["oblique"]).float()[None]
    shown = torch.from_numpy(grating((32, 32), 45, 0.2, np.arange(4) * np.pi / 2))[:, None]
    part = conv2d(shown, weights).relu()[:, :, 8:13, 8:13]
    unit = int(given.addresses["oblique"].split(":")[1])
    np.testing.assert_allclose(rates[0, 0, unit, 0, 0], max_pool2d(part, 5).flatten(), atol=1e-5)
    np.testing.assert_allclose(rates[2, 0, unit, 0, 0], part.square().sum((1, 2, 3)), rtol=1e-4)


def test_what_cannot_be_is_refused(crops: torch.Tensor) -> None:
    network = planted(3).network
    with pytest.raises(InputError, match="3 images"):
        invariance(network, ["rectified"], crops[:2, :, :32, :32])
    with pytest.raises(SettingError, match="21x21 places"):
        pooled_drift(network, "rectified", (30,), np.array([0.0]), np.array([0.2]))
    with pytest.raises(InputError, match="one place"):
        crossing(network, "head:0")
