"""Concept tests: planted directions, calibration under a concept that is none, the direction beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import optogram as og
from optogram.attribution._tcav import against_random, separating
from optogram.errors import InputError, SettingError
from optogram.statistics.intervals import clopper_pearson


class Colours(nn.Module):
    """The units of `mid` are bent mixtures of colours; the classes: red, not red, green, and nothing of either."""

    def __init__(self) -> None:
        super().__init__()
        self.mid, self.head = nn.Conv2d(3, 3, 1, bias=False), nn.Linear(3, 4)
        with torch.no_grad():
            self.mid.weight.copy_(torch.eye(3)[:, :, None, None])
            self.head.weight.copy_(torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, 1]]))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.mid(x).square().mean((2, 3)))


def reddish(count: int, much: float, seed: int) -> Tensor:
    images = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 0.5
    tone = torch.rand(count, 3, 1, 1, generator=torch.Generator().manual_seed(seed + 1)) * 0.3
    tone[:, 0] += much
    return (images + tone).clamp(0, 1)


def ask(unit: int, concept: Tensor, **settings: object) -> og.ConceptTest:
    net = og.Network(Colours(), og.Preprocess(size=8))
    return og.tcav(net, reddish(20, 0.1, 5), concept, f"head:{unit}", site="mid", background=reddish(60, 0.0, 9), progress=False, **settings)


def test_a_planted_concept_moves_its_class_and_no_other() -> None:
    red = reddish(12, 0.2, 3)
    up, down, other = (ask(unit, red, runs=99, seed=1) for unit in (0, 1, 3))
    assert up.score == 1
    assert up.sensitivity > 0.8
    assert up.p <= 0.05, "with three units, a few directions in a hundred are as close by chance"
    assert up.accuracy > 0.8
    assert down.score == 0
    assert down.sensitivity == pytest.approx(-up.sensitivity, abs=1e-6)
    assert other.p > 0.05
    assert abs(other.sensitivity) < 0.6
    assert up.direction[0] > 0.9
    assert "raises head:0 on 100% of 20 photographs" in str(up)
    assert up.figure().size[0] > 100


def test_a_concept_that_is_none_is_called_one_as_often_as_it_may_be() -> None:
    """Sets drawn like the background, in activations with correlated units: p below a tenth in about a tenth of them."""
    hits, trials = 0, 80
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        mixing = rng.normal(size=(6, 6))
        slopes, own, pool = rng.normal(size=(9, 6)) + 1, rng.normal(size=(8, 6)) @ mixing, rng.normal(size=(40, 6)) @ mixing
        hits += against_random(slopes, own, pool, runs=39, repeats=2, seed=trial)["p"] <= 0.1
    assert float(clopper_pearson(hits, trials).low) <= 0.1
    assert hits > 0


def test_the_direction_is_that_of_ridge_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(7, 30)) + 0.5, rng.normal(size=(11, 30))
    rows = np.concatenate((one, other))
    centred = rows - rows.mean(0)
    penalty = 0.1 * (centred**2).sum() / len(rows)
    theirs = linear_model.Ridge(alpha=penalty).fit(rows, np.r_[np.ones(7), -np.ones(11)])
    direction, zero = separating(one, other)
    length = np.linalg.norm(theirs.coef_)
    np.testing.assert_allclose(direction, theirs.coef_ / length, atol=1e-8)
    assert zero == pytest.approx(-theirs.intercept_ / length, abs=1e-8)


def test_refusals() -> None:
    with pytest.raises(InputError, match="twice as many as it has; got 40 and 60"):
        ask(0, reddish(40, 0.2, 3))
    with pytest.raises(SettingError, match="runs, repeats and batch_size are at least 1"):
        ask(0, reddish(12, 0.2, 3), runs=0)
    net = og.Network(Colours(), og.Preprocess(size=8))
    with pytest.raises(SettingError, match="choose a site before it"):
        og.tcav(net, reddish(4, 0, 0), reddish(4, 0, 1), "mid:0", site="head", background=reddish(20, 0, 2))
