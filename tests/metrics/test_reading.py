"""Metrics that read the map alone: sparseness, the pointing game, localisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.metrics.planted import images, linear, nothing

from optogram.attribution._attribute import attribute
from optogram.attribution._question import Answer, Question
from optogram.errors import InputError, SettingError
from optogram.geometry import Box
from optogram.metrics._score import score


def drawn(values: np.ndarray):
    """A method that gives this map for every photograph."""

    def planted(question: Question) -> Answer:
        settled, responses = question.settled()
        whole = torch.as_tensor(values, dtype=torch.float32)[None, None].expand_as(question.images)
        return Answer(whole, responses, settled.places or (), per_channel=False)

    net, x = linear(), images(2)
    return net, attribute(net, x, "head:2", planted, progress=False)


def test_sparseness_of_flat_and_single() -> None:
    flat, single = np.full((12, 12), -3.0), np.zeros((12, 12))
    single[4, 5] = -2
    np.testing.assert_allclose(score(*drawn(flat), "sparseness").values, 0, atol=1e-6)
    np.testing.assert_allclose(score(*drawn(single), "sparseness").values, 1 - 1 / 144, atol=1e-6)
    assert np.isnan(score(*_pair(nothing), "sparseness").values).all()


def test_sparseness_is_the_mean_absolute_difference() -> None:
    values = np.random.default_rng(0).normal(size=(12, 12))
    sizes = np.abs(values).ravel()
    gini = np.abs(sizes[:, None] - sizes[None]).sum() / (2 * len(sizes) ** 2 * sizes.mean())
    np.testing.assert_allclose(score(*drawn(values), "sparseness").values, gini, atol=1e-5)


def test_the_pointing_game_by_distance() -> None:
    values = np.zeros((12, 12))
    values[2, 9] = 1
    truth = [Box(5, 5, 8, 8), Box(0, 8, 3, 12)]
    for tolerance in (0, 2, 3, 4):
        found = score(*drawn(values), "pointing_game", truth=truth, tolerance=tolerance)
        apart = min(np.hypot(2 - row, 9 - column) for row in range(5, 8) for column in range(5, 8))
        assert found.values.tolist() == [float(apart <= tolerance), 1.0]
        near = [
            sum(
                min(np.hypot(r - y, c - x) for r in range(b.top, b.bottom) for c in range(b.left, b.right)) <= tolerance
                for y in range(12)
                for x in range(12)
            )
            for b in truth
        ]
        np.testing.assert_allclose(found.chance, np.array(near) / 144, atol=1e-6)
    split = np.zeros((12, 12))
    split[6, 6] = split[0, 0] = 1
    assert score(*drawn(split), "pointing_game", truth=truth, tolerance=0).values.tolist() == [0.5, 0.0]


def test_localisation_mass_and_rank() -> None:
    values = np.random.default_rng(1).normal(size=(12, 12))
    mask = np.zeros((12, 12), bool)
    mask[3:6, 2:9] = True
    mass = np.clip(values, 0, None)[mask].sum() / np.clip(values, 0, None).sum()
    top = np.argsort(-values.ravel())[:21]
    found = score(*drawn(values), "localisation", truth=[mask, mask])
    np.testing.assert_allclose(found.values, mass, rtol=1e-5)
    np.testing.assert_allclose(found.chance, 21 / 144)
    np.testing.assert_allclose(score(*drawn(values), "localisation", truth=[mask, mask], form="rank").values, mask.ravel()[top].mean(), rtol=1e-6)
    np.testing.assert_allclose(score(*drawn(values * mask), "localisation", truth=[mask, mask]).values, 1)
    for seed in range(6):
        values = np.random.default_rng(seed).normal(size=(12, 12)) + mask
        top = np.argsort(-values.ravel())[:21]
        np.testing.assert_allclose(score(*drawn(values), "localisation", truth=[mask, mask], form="rank").values, mask.ravel()[top].mean(), rtol=1e-6)


def test_truth_is_asked_for_and_checked() -> None:
    given = drawn(np.ones((12, 12)))
    with pytest.raises(InputError, match="give truth="):
        score(*given, "pointing_game")
    with pytest.raises(InputError, match="got 1 for 2"):
        score(*given, "localisation", truth=[Box(0, 0, 1, 1)])
    with pytest.raises(InputError, match="12x12; got shape"):
        score(*given, "localisation", truth=[np.ones((3, 3))] * 2)
    with pytest.raises(InputError, match="empty"):
        score(*given, "localisation", truth=[Box(20, 20, 30, 30)] * 2)
    with pytest.raises(SettingError, match="tolerance is a number"):
        score(*given, "pointing_game", truth=[Box(0, 0, 1, 1)] * 2, tolerance=-1)


def _pair(method):
    net, x = linear(), images(2)
    return net, attribute(net, x, "head:2", method, progress=False)
