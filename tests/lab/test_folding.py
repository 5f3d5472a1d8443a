from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from optogram.errors import SettingError
from optogram.lab._cells import Layer, cells, creased, folded, maps, most, patterns
from optogram.lab._plane_data import drawn_points
from optogram.lab._stack import Stack, drawn, right, trained
from optogram.lab.folding import _collapse, _drawn, _ranks, _tried, emptied, folding

Quick = Callable[[str], Any]


def random_layers(depth: int, units: int, seed: int) -> list[Layer]:
    stack = drawn([2] + [units] * depth + [2], 1, seed)
    return [(weight[0].numpy(), bias[0].numpy()) for weight, bias in zip(stack.weights[:depth], stack.biases[:depth], strict=True)]


def sampled(layers: list[Layer], half: float, count: int = 200) -> set[tuple[tuple[bool, ...], ...]]:
    axis = np.linspace(-half, half, count) + 1e-7
    values = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    sides = []
    for weights, biases in layers:
        before = values @ weights.T.astype(float) + biases
        sides.append(before > 0)
        values = np.maximum(before, 0)
    flat = np.concatenate(sides, axis=1)
    first = np.unique(flat @ (1 << np.arange(flat.shape[1])), return_index=True)[1]
    return {tuple(tuple(bool(unit) for unit in side[index]) for side in sides) for index in first}


def test_the_bounds_are_those_of_the_recursion() -> None:
    assert [most(2, layers) for layers in (1, 2, 3, 4)] == [4, 11, 30, 85]


def test_planted_folds_are_counted_exactly() -> None:
    assert [(patterns(found), maps(found)) for found in cells(folded(4))] == [(4, 4), (16, 16), (64, 64), (256, 256)]


def test_planted_folds_are_absolute_values() -> None:
    x = np.array([[1.3, -0.4]])
    for weights, biases in folded(3):
        x = np.maximum(x @ weights.T + biases, 0)
    folded_once = np.abs(np.abs(np.abs([1.3, -0.4]) - 1) - 0.5)
    np.testing.assert_allclose([x[0, :2].sum(), x[0, 2:].sum()], folded_once)


@pytest.mark.parametrize("seed", range(4))
def test_exact_pieces_are_those_that_a_fine_grid_meets(seed: int) -> None:
    layers = random_layers(3, 3, seed)
    inside = {piece.pattern for piece in cells(layers, half=4)[-1]}
    met = sampled(layers, 4.0)
    assert met <= inside
    assert len(met) >= 0.8 * len(inside)
    assert inside <= {piece.pattern for piece in cells(layers)[-1]}


def test_the_pieces_tile_the_square() -> None:
    area = 0.0
    for piece in cells(random_layers(3, 3, 1), half=4)[-1]:
        x, y = piece.outline().T
        area += 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))
    assert area == pytest.approx(64.0, rel=1e-9)


def test_two_units_never_beat_their_bound_and_keep_one_area_at_most() -> None:
    best = np.zeros(4, int)
    for seed in range(24):
        found = cells(random_layers(4, 2, seed))
        best = np.maximum(best, [patterns(pieces) for pieces in found])
        assert all(sum(piece.rank == 2 for piece in pieces) <= 1 for pieces in found)
    assert (best <= [4, 11, 30, 85]).all()
    assert list(best[:2]) == [4, 11]


def test_planted_creases_reach_what_two_units_can() -> None:
    found = cells(creased())
    assert [patterns(pieces) for pieces in found] == [4, 11, 26, 54]
    assert patterns(cells(creased()[:2])[-1]) == most(2, 2)
    assert sampled(creased(), 12.0, 2000) == {piece.pattern for piece in cells(creased(), half=12)[-1]}


def test_a_line_crosses_what_a_half_line_becomes_at_most_twice() -> None:
    """Why three layers never make 30 pieces: each half-line of the first layer is cut into at most 7 by the third, not 9."""
    random, along = np.random.default_rng(0), np.linspace(0, 60, 6001)[1:]
    most_crossed = 0
    for _ in range(400):
        weights, biases = random.standard_normal((2, 2)), random.standard_normal(2)
        path = np.maximum(along[:, None] * weights[:, 0] + biases, 0)
        sides = path @ random.standard_normal((2, 200)) + random.standard_normal(200) > 0
        most_crossed = max(most_crossed, int((sides[1:] != sides[:-1]).sum(axis=0).max()))
    assert most_crossed == 2


def test_three_units_do_beat_the_bound_of_two() -> None:
    assert patterns(cells(random_layers(1, 3, 0))[0]) == 7  # three lines in general position
    assert sum(piece.rank == 2 for piece in cells(random_layers(1, 3, 0))[0]) > 1


def test_pieces_that_a_later_layer_silences_share_a_map() -> None:
    off: Layer = (np.array([[-1.0, -1.0], [-1.0, -2.0]]), np.array([-1.0, -1.0]))
    layers = [(np.eye(2), np.zeros(2)), off]
    assert [(patterns(found), maps(found)) for found in cells(layers)] == [(4, 4), (4, 1)]
    assert {piece.rank for piece in cells(layers)[-1]} == {0}


def test_ranks_are_those_of_the_product_of_masked_weights() -> None:
    layers = random_layers(4, 2, 3)
    points = drawn_points("ring", 50, 0)[0].astype(np.float32)
    found = _ranks(layers, points)
    for number, point in enumerate(points):
        linear, value = np.eye(2), point.astype(float)
        for layer, (weights, biases) in enumerate(layers):
            before = weights @ value + biases
            linear = np.diag((before > 0).astype(float)) @ weights @ linear
            value = np.maximum(before, 0)
            assert np.linalg.matrix_rank(linear) == found[layer, number]


def test_emptied_by_hand() -> None:
    weights = (torch.stack([torch.eye(2), torch.eye(2)]), torch.ones(2, 2, 2))
    stack = Stack(weights, (torch.tensor([[0.0, 0.0], [0.0, -5.0]]), torch.zeros(2, 2)))
    assert emptied(stack, torch.tensor([[0.5, 0.5], [-0.5, 0.5]])).tolist() == [False, True]


def test_what_collapsed_is_counted_after_the_last_layer() -> None:
    """Five points: after the first layer all still lie on an area, after the second one does, three on a line, one on a point."""
    line, point = _collapse(np.array([[2, 2, 2, 2, 2], [1, 0, 1, 2, 1]]))
    assert (line.name, line.value) == ("on_a_line", pytest.approx(0.6))
    assert (point.name, point.value) == ("on_a_point", pytest.approx(0.2))
    assert line.sentence.startswith("3 of 5 points")
    assert point.sentence.startswith("1 of 5 points")


def test_networks_that_biases_emptied_are_counted_beside_the_same_without_biases() -> None:
    """Each network walked through by itself, unit by unit of two layers of two."""
    points = drawn_points("ring", 200, 3)[0]
    start = drawn([2, 2, 2, 2], 40, 3)
    expected = []
    for scale in (1.0, 0.0):
        count = 0
        for index in range(40):
            values, empty = points, False
            for weights, biases in zip(start.weights[:-1], start.biases[:-1], strict=True):
                values = values @ weights[index].numpy().T.astype(float) + scale * biases[index].numpy()
                empty |= not (values > 0).all(axis=1).any()
                values = np.maximum(values, 0)
            count += empty
        expected.append(count)
    found = _tried(2, 2, 40, 1, 0.95, 3, lambda more: None)
    assert [found.emptied, found.bare] == expected
    assert found.emptied != found.bare


def test_networks_of_a_stack_do_not_touch_each_other() -> None:
    points, classes = (torch.from_numpy(part) for part in drawn_points("moons", 60, 0))
    start = drawn([2, 4, 2], 3, 0)
    together = trained(start, points.float(), classes, steps=30, rate=0.03)
    alone = trained(start.one(1), points.float(), classes, steps=30, rate=0.03)
    torch.testing.assert_close(together.weights[0][1], alone.weights[0][0], rtol=1e-4, atol=1e-5)


class TestQuick:
    def test_counts(self, quick: Quick) -> None:
        found = quick("folding").result
        assert [found[f"patterns_{layer}"] for layer in (1, 2, 3, 4)] == found.pieces[:, 0].tolist()
        assert (found.pieces[:, 0] <= [4, 11, 30, 85]).all()
        assert (found.pieces[:, 1] <= found.pieces[:, 0]).all()
        assert found["planted_patterns"] == 256
        assert found["areas"] <= 1
        assert found["on_a_line"] + found["on_a_point"] == pytest.approx((found.ranks[-1] < 2).mean())

    def test_the_drawn_network_names_new_points(self, quick: Quick) -> None:
        entry = quick("folding").result.finding("drawn")
        assert entry.low > 0.8
        assert entry.control == pytest.approx(0.5, abs=0.06)

    def test_bounds_are_reached_or_kept(self, quick: Quick) -> None:
        found = quick("folding").result
        assert found["most_patterns_1"] == 4
        assert found["most_patterns_2"] >= 10
        assert found["most_patterns_3"] <= 26
        assert found["most_patterns_4"] <= found.finding("most_patterns_4").control == 85
        assert found["creased_patterns"] == 54

    def test_thin_fails_whatever_the_depth_and_fat_does_not(self, quick: Quick) -> None:
        found = quick("folding").result
        assert (found.success[0] == 0).all()  # no depth closes a curve with two units a layer
        assert (found.success[-1] >= 0.9).all()
        assert (found.success.mean(axis=1) == np.sort(found.success.mean(axis=1))).all()
        assert found.success[1:3, 0].mean() > found.success[1:3, -1].mean()

    def test_the_film_moves(self, quick: Quick) -> None:
        frames = quick("folding").result.films()["folding"]
        assert len({frame.size for frame in frames}) == 1
        assert len({frame.tobytes() for frame in frames}) > 20


def test_what_is_drawn_is_judged_on_points_that_did_not_choose_it() -> None:
    """A network that says which side of a line a point lies on: counted again without it, on points of a seed of their own."""
    line = Stack((torch.tensor([[[1.0, 0.5], [0, 0]]]), torch.tensor([[[0.0, 0], [1, 0]]])), (torch.tensor([[0.1, 0.0]]), torch.tensor([[0.3, 0.0]])))
    points, classes = drawn_points("moons", 1000, 4 + 2_000_003)
    says = np.maximum(points[:, 0] + 0.5 * points[:, 1] + 0.1, 0) > 0.3
    entry = _drawn(line, "moons", 7, 4)
    assert entry.value == pytest.approx((says == classes).mean(), abs=2e-3)
    assert entry.control == pytest.approx(0.5, abs=0.06)
    assert "the best of 7 on others" in entry.sentence


def test_by_default_fifty_networks_of_each_of_twelve_shapes_are_tried() -> None:
    asked = {name: entry.default for name, entry in inspect.signature(folding).parameters.items()}
    assert asked["networks"] >= 50
    assert (asked["widths"], asked["depths"]) == ((2, 3, 5, 10), (2, 4, 8))


def test_what_is_asked_for_is_what_is_counted() -> None:
    """Two shapes, six networks of each: a share is a number of sixths, and its interval is that of so many of six."""
    found = folding(widths=(2, 3), depths=(2,), networks=6, steps=5, progress=False)
    assert found.success.shape == found.emptied.shape == (2, 1)
    for width in (2, 3):
        entry, hits = found.finding(f"success_{width}x2"), round(6 * float(found.success[found.widths.index(width), 0]))
        limits = binomtest(hits, 6).proportion_ci(0.95, "exact")
        assert (entry.value, entry.low, entry.high) == pytest.approx((hits / 6, limits.low, limits.high), abs=1e-6)
        assert f"{hits} of 6 networks" in entry.sentence


def test_an_unknown_problem_is_told() -> None:
    with pytest.raises(SettingError, match="moons"):
        folding(problem="moon", quick=True)


def test_untrained_networks_do_not_learn() -> None:
    points, classes = (torch.from_numpy(part) for part in drawn_points("ring", 400, 5))
    assert (right(drawn([2, 10, 10, 2], 20, 0), points.float(), classes) < 0.95).all()
