"""Concept tests: planted directions, calibration under a concept that is none, the direction beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import optogram as og
from optogram.attribution import _tcav
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


def test_random_concepts_are_treated_as_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, told = np.random.default_rng(0), []

    def separated(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, float]:
        told.append((len(one), len(other)))
        return separating(one, other)

    monkeypatch.setattr(_tcav, "separating", separated)
    pools: list[int] = []
    directions = _tcav._directions
    monkeypatch.setattr(_tcav, "_directions", lambda one, rest, repeats, rng: pools.append(len(rest)) or directions(one, rest, repeats, rng))
    against_random(rng.normal(size=(4, 5)), rng.normal(size=(6, 5)), rng.normal(size=(20, 5)), runs=7, repeats=3, seed=0)
    assert pools == [14] * 8, "the real concept and each random one are told from as many others"
    assert told.count((6, 6)) == 8 * 3
    assert told.count((4, 4)) == 3, "a third is held out for the accuracy"


def test_sensitivities_are_cosines_and_no_gradient_counts_half() -> None:
    rng = np.random.default_rng(1)
    slopes, own, pool = rng.normal(size=(5, 6)), rng.normal(size=(6, 6)) + 1, rng.normal(size=(30, 6))
    slopes[2] = 0
    found = against_random(slopes, own, pool, runs=5, repeats=2, seed=3)
    lengths = np.maximum(np.linalg.norm(slopes, axis=1), 1e-300)[:, None]
    cosines = (slopes / lengths) @ found["directions"].T
    np.testing.assert_allclose(found["cosines"], cosines.mean(axis=1))
    np.testing.assert_allclose(found["sensitivity"], cosines.mean())
    np.testing.assert_allclose(found["score"], ((cosines > 0) + 0.5 * (cosines == 0)).mean())
    assert found["p"] >= 2 / 6, "two-sided: no less than twice what five draws can tell"
    scaled = against_random(slopes * np.array([[1.0], [9], [1], [0.1], [3]]), own, pool, runs=5, repeats=2, seed=3)
    np.testing.assert_allclose(scaled["null"], found["null"])
    assert (scaled["p"], scaled["sensitivity"]) == pytest.approx((found["p"], found["sensitivity"]))


def test_photographs_that_taught_the_direction_do_not_judge_it() -> None:
    """In two hundred units any twelve photographs are told from twelve others, if these are the ones that taught it."""
    accuracies = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found = against_random(rng.normal(size=(2, 200)), rng.normal(size=(12, 200)), rng.normal(size=(40, 200)), runs=1, repeats=5, seed=seed)
        accuracies.append(found["accuracy"])
    assert 0.35 < np.mean(accuracies) < 0.65


def test_a_units_mean_over_places_is_another_question_than_its_greatest() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Tanh(), nn.Conv2d(3, 2, 3)).double()
    net, x = og.Network(module, og.Preprocess(size=8)), reddish(6, 0.1, 5).double()
    asked = {"site": "0", "background": reddish(30, 0.0, 9).double(), "runs": 1, "progress": False}
    found = {reduce: og.tcav(net, x, reddish(8, 0.2, 3).double(), "2:1", reduce=reduce, **asked) for reduce in ("max", "mean")}
    for reduce, one in found.items():
        raw = module[0](x).detach().requires_grad_()
        late = module[2](module[1](raw))[:, 1].flatten(1)
        slopes = torch.autograd.grad((late.amax(1) if reduce == "max" else late.mean(1)).sum(), raw)[0].sum((2, 3)).numpy()
        cosines = slopes / np.linalg.norm(slopes, axis=1, keepdims=True) @ one.directions.T
        np.testing.assert_allclose(one.cosines, cosines.mean(axis=1), atol=1e-5)
    assert np.abs(found["max"].cosines - found["mean"].cosines).max() > 1e-3
