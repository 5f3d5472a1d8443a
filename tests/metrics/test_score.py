"""The verb: free maps, equal blur, mixed sizes, intervals, and answers that are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.metrics.planted import images, linear

import optogram as og
from optogram.attribution._attribute import attribute
from optogram.attribution._baseline import blurred
from optogram.errors import SettingError, StaleError
from optogram.metrics._blur import blurred_to, width_of
from optogram.metrics._crossed import crossed_mean
from optogram.metrics._free import free_map
from optogram.metrics._score import interval, score
from optogram.testing.attribution import photographs, small


def test_free_maps() -> None:
    x = torch.zeros(2, 3, 20, 30)
    x[:, :, :, 15:] = 1.0
    edge = free_map("edges", x)
    assert (edge[:, :, 14:16] == 0.5).all()
    assert not edge[:, :, :14].any()
    assert not edge[:, :, 16:].any()
    centre = free_map("centre", x)[0]
    assert centre.argmax() in (9 * 30 + 14, 9 * 30 + 15, 10 * 30 + 14, 10 * 30 + 15)
    assert torch.equal(free_map("random", x, 1)[0], free_map("random", x, 1)[1])
    with pytest.raises(SettingError, match="no free map"):
        free_map("salmon", x)


def test_width_of_smoothed_noise_is_as_the_formula_says() -> None:
    for sigma in (2.0, 4.0):
        noise = blurred(torch.randn(12, 1, 192, 192), sigma)[:, 0, 24:-24, 24:-24]
        assert float(width_of(noise).mean()) == pytest.approx(4 * np.sqrt(np.log(2)) * sigma, rel=0.08)


def test_maps_are_made_equally_blurry_and_never_sharper() -> None:
    noise = torch.randn(2, 64, 64)
    smooth = blurred_to(noise, 9.0)
    np.testing.assert_allclose(width_of(smooth).numpy(), 9, rtol=0.02)
    assert torch.equal(blurred_to(smooth, 4.0), smooth)
    constant = torch.ones(1, 8, 8)
    assert torch.equal(blurred_to(constant, 5.0), constant)


def test_mixed_sizes_come_back_in_order() -> None:
    net = small()
    given = [photographs(1, 3, *size, seed=number)[0] for number, size in enumerate([(24, 24), (30, 40), (24, 24)])]
    together = score(net, attribute(net, given, "head:2", "input_x_gradient", progress=False), "mu_fidelity", samples=10, progress=False)
    for number, image in enumerate(given):
        alone = score(net, attribute(net, image, "head:2", "input_x_gradient", progress=False), "mu_fidelity", samples=10, progress=False)
        assert together.values[number] == pytest.approx(alone.values[0], abs=1e-4)
        assert together.free["edges"][number] == pytest.approx(alone.free["edges"][0], abs=1e-4)


def test_what_is_printed_and_kept(tmp_path) -> None:
    net, x = small(), photographs(4)
    found = og.score(net, attribute(net, x, "head:2", "input_x_gradient", progress=False), "insertion", steps=5, blur=3.0, progress=False)
    assert isinstance(found, og.Score)
    assert "insertion of input_x_gradient for head:2" in str(found)
    assert "high is better" in str(found)
    assert set(found.free) == {"random", "centre", "edges"}
    assert found.provenance.settings["blur"] == 3.0
    found.save(tmp_path / "score.npz")
    with np.load(tmp_path / "score.npz") as kept:
        np.testing.assert_array_equal(kept["values"], found.values)


def test_intervals_hold_the_mean_and_say_when_there_is_none() -> None:
    mean, low, high = interval(np.array([1.0, 2.0, 3.0, np.nan, 4.0]))
    assert mean == 2.5
    assert 1 <= low < 2.5 < high <= 4
    assert np.isnan(interval(np.array([1.0, 2.0]))[1])
    assert np.isnan(interval(np.array([np.nan]))[0])
    assert interval(np.ones(5)) == (1, 1, 1)


def test_crossed_limits_cover() -> None:
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        table = 0.5 + rng.normal(0, 0.2, (6, 1)) + rng.normal(0, 0.2, (1, 4)) + rng.normal(0, 0.2, (6, 4))
        _, low, high = crossed_mean(table)
        hits += low <= 0.5 <= high
    assert hits / 400 >= 0.94
    assert crossed_mean(np.full((3, 2), np.nan))[0] != crossed_mean(np.full((3, 2), np.nan))[0]
    assert crossed_mean(np.array([[0.3]]))[0] == 0.3
    assert np.isnan(crossed_mean(np.array([[0.3]]))[1])
    assert crossed_mean(np.array([[0.1, 0.3]]))[1] < 0.1


def test_refusals() -> None:
    net, x = linear(), images(2)
    found = attribute(net, x, "head:2", "gradient", progress=False)
    with pytest.raises(SettingError, match='no setting "step" of deletion'):
        score(net, found, "deletion", step=3)
    with pytest.raises(SettingError, match='no metric "deleton"'):
        score(net, found, "deleton")
    with pytest.raises(SettingError, match="sparseness takes no settings"):
        score(net, found, "sparseness", steps=3)
    with torch.no_grad():
        net.module.head.weight.mul_(2)
    with pytest.raises(StaleError, match="other weights"):
        score(net, found, "deletion")


def test_a_width_is_half_of_an_autocorrelation_over_the_pairs_there_are() -> None:
    """Lag by lag, each the mean over as many pairs as fit: a blur that is wide beside the map is not called narrower."""
    one = blurred(torch.rand(1, 1, 24, 30, generator=torch.Generator().manual_seed(2)), 3.0)[0, 0].double().numpy()
    one = one - one.mean()
    widths = []
    for lines in (one, one.T):
        side = len(lines)
        relative = [(lines[: side - lag] * lines[lag:]).sum() / (side - lag) / ((lines**2).sum() / side) for lag in range(side)]
        lag = next(lag for lag, value in enumerate(relative) if value < 0.5)
        widths.append(2 * (lag - 1 + (relative[lag - 1] - 0.5) / (relative[lag - 1] - relative[lag])))
    assert float(width_of(torch.as_tensor(one)[None])[0]) == pytest.approx(np.mean(widths), rel=1e-6)


def test_the_centre_is_a_gaussian_of_a_quarter_of_each_side() -> None:
    found = free_map("centre", torch.zeros(1, 3, 9, 13))[0]
    rows, columns = np.linspace(-0.5, 0.5, 9)[:, None], np.linspace(-0.5, 0.5, 13)[None]
    np.testing.assert_allclose(found, np.exp(-8 * (rows**2 + columns**2)), rtol=1e-5)
