from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from optogram.lab._stack import Stack
from optogram.lab.xor import LINEAR_BEST, XorResult, best_line, by_hand, drawn_square, on_axes, smooth, xor

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


def told(found: XorResult, network: int) -> tuple[list[set[str]], float]:
    """Of each first-layer unit of the set (0) or learned (1) network, the features that it is within its mistakes of 5 % of the square; and the
    share of the square that the decision surface names rightly. By what is drawn, against the square's own coordinates."""
    fine = found.surfaces.shape[1]
    across = (np.arange(fine) + 0.5) / fine
    x1, x2 = np.meshgrid(across, across[::-1])  # the first row is drawn at the top
    features = {"x1": x1 > 0.5, "x2": x2 > 0.5, "sum": x1 + x2 > 1, "difference": x1 > x2}
    alike = [{name: float(((unit > 0.5) == feature).mean()) for name, feature in features.items()} for unit in found.units[network]]
    shares = [{name for name, value in unit.items() if max(value, 1 - value) >= 0.95} for unit in alike]
    return shares, float(((found.surfaces[network] > 0.5) == ((x1 > 0.5) ^ (x2 > 0.5))).mean())


def halves(found: XorResult, network: int) -> np.ndarray:
    """Each first-layer unit from the weights given, as a half-plane: on where w1 x1 + w2 x2 + b is above 0. [unit, row, column]"""
    weights, biases = (found.hand, found.learned)[network][0], (found.hand, found.learned)[network][len(found.hand) // 2]
    fine = found.surfaces.shape[1]
    return np.array(
        [
            [[w[0] * (column + 0.5) / fine + w[1] * (fine - row - 0.5) / fine + b > 0 for column in range(fine)] for row in range(fine)]
            for w, b in zip(weights, biases, strict=True)
        ]
    )


def test_before_training_no_unit_is_a_feature_and_the_surface_is_no_exclusive_or() -> None:
    """The control: after a single step the best of three starts computes neither; one line names at most two thirds of the square."""
    found = xor(starts=3, steps=1, progress=False)
    shares, right = told(found, 1)
    assert sorted(map(sorted, shares)) != [["x1"], ["x2"]]
    assert right < 0.8
    shares, right = told(found, 0)
    assert shares == [{"x1"}, {"x2"}]
    assert right > 0.995


class TestQuick:
    @pytest.mark.parametrize("network", [0, 1])
    def test_both_features_the_half_planes_and_the_decision_surface(self, quick: Quick, network: int) -> None:
        """By hand and learned: one unit is x1 > .5, the other x2 > .5 (or its opposite), and none a diagonal; what follows is the exclusive or."""
        found = quick("xor").result
        shares, right = told(found, network)
        assert sorted(map(sorted, shares)) == [["x1"], ["x2"]]
        assert right >= 0.95 > LINEAR_BEST + 0.2
        np.testing.assert_array_equal(found.units[network] > 0.5, halves(found, network))
        if network == 0:
            assert right > 0.995  # steep sigmoids round the corners
            assert shares == [{"x1"}, {"x2"}]

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
