from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from optogram.lab._stack import Stack
from optogram.lab.xor import LINEAR_BEST, best_line, by_hand, drawn_square, on_axes, smooth

Quick = Callable[[str], Any]


def test_the_hand_set_units_are_the_two_half_planes_and_what_follows() -> None:
    layers = smooth(by_hand(), torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.1, 0.1], [0.9, 0.9]]))
    assert (layers[0][0] > 0).tolist() == [[True, False], [False, True], [False, False], [True, True]]
    assert (layers[1][0] > 0).tolist() == [[True, False], [False, True], [False, False], [False, False]]
    assert (layers[2][0, :, 0] > 0).tolist() == [True, True, False, False]


def test_the_best_line_is_two_thirds() -> None:
    t = np.linspace(0.5, 1, 5001)
    assert (1 - (1 - t) ** 2 - t**2 / 2).max() == pytest.approx(LINEAR_BEST)
    points = np.random.default_rng(0).random((20_000, 2))
    classes = ((points[:, 0] > 0.5) ^ (points[:, 1] > 0.5)).astype(np.int64)
    assert best_line(points, classes) == pytest.approx(LINEAR_BEST, abs=0.015)


def test_a_line_that_separates_is_found() -> None:
    points, _ = drawn_square(500, 0)
    assert best_line(points, (points[:, 0] > 0.5).astype(np.int64)) == 1


def test_on_axes_by_hand() -> None:
    weights = torch.tensor([[[1.0, 0], [0, -2]], [[1, 1], [0, 1]], [[1, 0.0], [1, 0]]])
    stack = Stack((weights,), (-0.5 * weights.sum(dim=2),))
    assert on_axes(stack).tolist() == [True, False, False]
    assert not on_axes(Stack((weights,), (-0.7 * weights.sum(dim=2),)))[0]


class TestQuick:
    def test_by_hand_and_learned(self, quick: Quick) -> None:
        found = quick("xor").result
        assert found["by_hand"] > 0.995
        assert found["one_line"] < 0.7
        assert found["learned"] > 0
        assert found.accuracy[0].max() > 0.97
        assert found.finding("learned").control == 0  # two units alone have no layer for what follows

    def test_those_that_learn_compute_the_two_features(self, quick: Quick) -> None:
        found = quick("xor").result
        assert found["features"] > 0.5 > found.finding("features").control
