"""Concepts: updates beside scikit-learn's, planted patterns found again, maps where the pattern is."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.attribution import _concepts
from optogram.attribution._concepts import amounts_of, factorised, updated
from optogram.errors import NotDefinedError, SettingError


def test_the_updates_are_those_of_scikit_learn() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    rng = np.random.default_rng(0)
    rows, amounts, patterns = rng.random((40, 9)), rng.random((40, 3)) + 0.1, rng.random((3, 9)) + 0.1
    model = decomposition.NMF(3, init="custom", solver="mu", max_iter=30, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = model.fit_transform(rows, W=amounts.copy(), H=patterns.copy())
    for _ in range(30):
        amounts = updated(rows, amounts, patterns)
        patterns = updated(rows.T, patterns.T, amounts.T).T
    np.testing.assert_allclose(amounts, theirs, rtol=1e-6)
    np.testing.assert_allclose(patterns, model.components_, rtol=1e-6)


def test_planted_patterns_are_found_and_the_error_never_rises() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]], float)
    rows = (rng.random((300, 3)) * (rng.random((300, 3)) < 0.4)) @ truth
    amounts, patterns = factorised(rows, 3, 300, np.random.default_rng(0))
    alike = (patterns / np.linalg.norm(patterns, axis=1, keepdims=True)) @ (truth / np.sqrt(2)).T
    assert sorted(alike.argmax(1).tolist()) == [0, 1, 2]
    assert alike.max(1).min() > 0.99
    assert np.square(rows - amounts @ patterns).sum() < 1e-3 * np.square(rows).sum()
    errors = []
    for steps in (1, 5, 20):
        amounts, patterns = factorised(rows, 3, steps, np.random.default_rng(0))
        errors.append(float(np.square(rows - amounts @ patterns).sum()))
    assert errors == sorted(errors, reverse=True)


def network() -> og.Network:
    return og.Network(
        nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)), og.Preprocess(size=12)
    )


def squares() -> tuple[og.Network, torch.Tensor]:
    """Six photographs with a red square, six with a blue one, each somewhere else."""
    net = network()
    with torch.no_grad():
        net.module[0].weight.copy_(torch.eye(3)[:, :, None, None])
    images = torch.zeros(12, 3, 12, 12)
    for number in range(12):
        images[number, 0 if number < 6 else 2, number % 6 : number % 6 + 4, 3:8] = 0.6 if number < 6 else 0.4
    return net, images


def test_each_concept_is_where_its_colour_is() -> None:
    net, images = squares()
    found = og.concepts(net, images, "1", k=2, exemplars=3, progress=False)
    assert found.explained > 0.99
    np.testing.assert_allclose(found.patterns, [[1, 0, 0], [0, 0, 1]], atol=0.02)
    np.testing.assert_allclose(found.shares, [0.6, 0.4], atol=0.02)
    np.testing.assert_allclose(found.maps[0], images[:, 0], atol=0.02)
    np.testing.assert_allclose(found.maps[1], images[:, 2], atol=0.02)
    assert set(found.exemplars[0].tolist()) <= set(range(6))
    assert set(found.exemplars[1].tolist()) <= set(range(6, 12))
    np.testing.assert_allclose(found.pictures[1, 0], images[found.exemplars[1, 0]])
    photos = og.open_images((images.permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8))
    np.testing.assert_allclose(og.concepts(net, photos, "1", k=2, progress=False).maps, found.maps, atol=0.02)
    assert found.figure().size[0] > 200
    direction = og.attribute(net, images[:1], (found.site, found.patterns[0]), "gradient", progress=False)
    assert direction.values[0, 0].any()


def test_refusals() -> None:
    net, images = squares()
    with pytest.raises(NotDefinedError, match="spatial extent; 4 has"):
        og.concepts(net, images, "4")
    with pytest.raises(SettingError, match="rows at least k"):
        og.concepts(net, images, "1", k=0)


def test_an_exemplar_has_the_greatest_amount_at_one_place_not_the_most_in_all() -> None:
    net, _ = squares()
    images = torch.zeros(2, 3, 12, 12)
    images[0, 0], images[1, 0, 5, 5] = 0.3, 0.9
    found = og.concepts(net, images, "1", k=1, exemplars=2, progress=False)
    assert found.exemplars.tolist() == [[1, 0]]


def test_what_is_explained_is_told_of_squares() -> None:
    net, _ = squares()
    images = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    found = og.concepts(net, images, "1", k=2, progress=False)
    rows = images.permute(0, 2, 3, 1).reshape(-1, 3).numpy()
    missed = rows - found.maps.transpose(1, 2, 3, 0).reshape(-1, 2) @ found.patterns
    assert found.explained == pytest.approx(1 - np.square(missed).sum() / np.square(rows).sum(), abs=1e-4)
    assert 0.5 < found.explained < 0.999


def test_patterns_come_from_equally_many_places_of_each_photograph(monkeypatch: pytest.MonkeyPatch) -> None:
    net, images = squares()
    taken = []
    monkeypatch.setattr(_concepts, "factorised", lambda rows, *rest: taken.append(rows) or factorised(rows, *rest))
    og.concepts(net, images + 0.01 * torch.arange(12).view(12, 1, 1, 1) + 0.1, "1", k=2, rows=24, progress=False)
    assert taken[0].shape == (24, 3)
    greens = np.round((taken[0][:, 1] - 0.1) / 0.01).astype(int)
    assert np.bincount(greens, minlength=12).tolist() == [2] * 12


def test_what_is_below_nought_is_no_amount() -> None:
    maps = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    patterns = torch.rand(2, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(amounts_of(maps, patterns), amounts_of(maps.relu(), patterns))
    assert amounts_of(maps, patterns).min() >= 0
