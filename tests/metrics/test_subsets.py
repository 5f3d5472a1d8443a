"""MuFidelity, sensitivity-n, infidelity: exact for exact maps of linear networks, and beside peers and slow loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from tests.metrics.planted import SIDE, backwards, images, linear, nothing

from optogram.attribution._attribute import attribute
from optogram.errors import SettingError
from optogram.metrics._score import score
from optogram.metrics._subsets import cell_sums, cells, draw_subsets
from optogram.metrics._trial import trials
from optogram.metrics.infidelity import _squares, infidelity
from optogram.testing.attribution import Small, photographs, small


def maps(net, x, method="input_x_gradient"):
    return attribute(net, x, "head:2", method, progress=False)


@pytest.mark.parametrize("metric", ["mu_fidelity", "sensitivity_n"])
def test_an_exact_map_of_a_linear_network_has_one(metric: str) -> None:
    net, x = linear(), images()
    np.testing.assert_allclose(score(net, maps(net, x), metric, baseline="black", progress=False).values, 1, atol=1e-3)
    np.testing.assert_allclose(score(net, maps(net, x, backwards), metric, baseline="black", progress=False).values, -1, atol=1e-3)
    assert np.isnan(score(net, maps(net, x, nothing), metric, baseline="black", progress=False).values).all()


@pytest.mark.parametrize("correlation", ["pearson", "spearman"])
def test_mu_fidelity_with_a_slow_loop(correlation: str) -> None:
    net, x = small(), photographs(2)
    found = maps(net, x)
    ours = score(net, found, "mu_fidelity", grid=5, samples=12, baseline=0.25, correlation=correlation, seed=3, progress=False)
    subsets = draw_subsets(25, 5, 12, torch.Generator().manual_seed(3)).numpy()
    numbers = np.array([[(row * 5 // 24) * 5 + column * 5 // 24 for column in range(24)] for row in range(24)])
    for photo in range(2):
        said, felt = [], []
        for subset in subsets:
            inside = subset[numbers]
            changed = x[photo].clone()
            changed[:, inside] = 0.25
            said.append(found.map(photo)[inside].sum())
            felt.append(float(net.run(x[photo : photo + 1])[0, 2] - net.run(changed[None])[0, 2]))
        expected = (stats.pearsonr if correlation == "pearson" else stats.spearmanr)(said, felt).statistic
        assert ours.values[photo] == pytest.approx(expected, abs=2e-3)


def test_cells_part_a_photograph() -> None:
    numbers = cells((7, 11), 3)
    assert numbers.unique().tolist() == list(range(9))
    assert (numbers.diff(dim=0) >= 0).all()
    values = torch.rand(2, 7, 11)
    torch.testing.assert_close(cell_sums(values, numbers).sum(1).float(), values.sum((1, 2)))
    assert cells((2, 2), 9).unique().tolist() == [0, 1, 2, 3]
    drawn = draw_subsets(10, 4, 500, torch.Generator().manual_seed(0))
    assert (drawn.sum(1) == 4).all()
    assert drawn.float().mean(0).sub(0.4).abs().max() < 0.1


def test_sensitivity_n_takes_subsets_of_every_size() -> None:
    net, x = small(), photographs(1)
    found = score(net, maps(net, x), "sensitivity_n", grid=10, sizes=4, samples=5, progress=False)
    assert found.across == (1.0, 4.0, 19.0, 80.0)
    assert found.curve.shape == (1, 4)
    assert found.values[0] == pytest.approx(np.nanmean(found.curve))


def test_infidelity_is_nought_where_the_map_tells_all() -> None:
    net, x = linear(), images()
    for scaled in (True, False):
        exact = score(net, maps(net, x), "infidelity", baseline="black", scaled=scaled, progress=False)
        np.testing.assert_allclose(exact.values, 0, atol=1e-4)
        exact = score(net, maps(net, x, "gradient"), "infidelity", change="noise", scaled=scaled, progress=False)
        np.testing.assert_allclose(exact.values, 0, atol=1e-4)
    np.testing.assert_allclose(score(net, maps(net, x, nothing), "infidelity", progress=False).values, 1, atol=1e-5)
    assert (score(net, maps(net, x, "gradient"), "infidelity", baseline="black", progress=False).values > 0.01).all()


def test_infidelity_agrees_with_captum() -> None:
    metrics = pytest.importorskip("captum.metrics")
    module, x = Small().eval(), photographs(2)
    net = small(module=module)
    found = maps(net, x, "gradient")
    draws = [0.1 * torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(2 * 1_000_003 + number)) for number in range(6)]
    calls = iter(draws * 2)

    def change(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        nudge = next(calls)[None].expand_as(inputs)
        return nudge, inputs - nudge

    def normalised(inputs: torch.Tensor) -> torch.Tensor:
        return module((inputs - 0.4) / 0.3)

    theirs = metrics.infidelity(normalised, change, x, torch.as_tensor(found.values), target=2, n_perturb_samples=6, max_examples_per_batch=2)
    ours = score(net, found, "infidelity", change="noise", scaled=False, samples=6, noise=0.1, seed=2, progress=False)
    np.testing.assert_allclose(ours.values, theirs.detach().numpy(), rtol=1e-3)
    assert infidelity.__module__ == "optogram.metrics.infidelity"


def test_settings_that_cannot_be() -> None:
    net, x = linear(), images(1)
    cases = (("mu_fidelity", {"share": 1.0}), ("mu_fidelity", {"grid": 1}), ("sensitivity_n", {"samples": 2}), ("infidelity", {"samples": 0}))
    for metric, settings in cases:
        with pytest.raises(SettingError):
            score(net, maps(net, x), metric, progress=False, **settings)
    assert SIDE == 12


def test_infidelity_by_the_factor_that_suits_the_map_best() -> None:
    """Of squares of many sizes; a map of any scale has the same number, that of least squares."""
    net, x = linear(), images(2)
    found = maps(net, x, "gradient")
    told = [score(net, replace(found, values=found.values * factor), "infidelity", baseline="black", samples=60, progress=False) for factor in (1, 7)]
    np.testing.assert_allclose(told[0].values, told[1].values, rtol=1e-4)
    (_, trial), *_ = trials(net, found)
    said, felt = (part.numpy() for part in _squares(trial, 60, "black"))
    for photo in range(2):
        (_, residual, *_) = np.linalg.lstsq(said[photo][:, None], felt[photo], rcond=None)
        assert told[0].values[photo] == pytest.approx(float(residual[0]) / np.square(felt[photo]).sum(), rel=1e-3)
    everywhere = replace(trial, maps=torch.ones_like(trial.maps))
    sides = np.sqrt(_squares(everywhere, 60, "black")[0][0].numpy())
    np.testing.assert_allclose(sides, np.rint(sides))
    assert (sides.min(), sides.max()) == (1, 6), "from an eighth to half of twelve pixels"
