from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from optogram.lab.parameters import (
    HIDDEN,
    _asked,
    _chain,
    _linear_error,
    _turned,
    cost,
    fixed_units,
    parameters_of_fixed,
    parameters_of_writer,
    shared_gradients,
    weights_of,
)

Quick = Callable[[str], Any]


def test_the_chain_rule_by_finite_differences() -> None:
    u, step = torch.tensor([0.3, -0.2, 0.5, 1.0], dtype=torch.float64), 1e-6
    jacobian, outer = _chain(u, "curved", 0)
    by_rule = jacobian.T @ outer
    for index in range(4):
        moved = torch.zeros(4, dtype=torch.float64)
        moved[index] = step
        slope = (cost(weights_of(u + moved, "curved", 0)) - cost(weights_of(u - moved, "curved", 0))) / (2 * step)
        assert float(by_rule[index]) == pytest.approx(float(slope), rel=1e-6)


def test_shared_weights_sum_their_gradients() -> None:
    by_weight, by_parameter = shared_gradients(3)
    np.testing.assert_allclose(by_parameter, [by_weight[0] + by_weight[1], by_weight[2] + by_weight[3]], rtol=1e-12)
    assert abs(by_weight[0] - by_weight[1]) > 1e-3  # or the sum would be twice one of them, whatever the rule


def test_sizes_are_those_of_the_networks() -> None:
    assert parameters_of_writer() == sum(
        parameter.numel() for parameter in torch.nn.Sequential(torch.nn.Linear(1, HIDDEN), torch.nn.Linear(HIDDEN, 4)).parameters()
    )
    units = fixed_units()
    own = torch.nn.Sequential(torch.nn.Linear(3, units), torch.nn.Linear(units, 2))
    assert parameters_of_fixed(units) == sum(parameter.numel() for parameter in own.parameters())
    assert parameters_of_fixed(units - 1) < parameters_of_writer() <= parameters_of_fixed(units)


def test_turning_keeps_lengths_and_composes() -> None:
    asked = _asked(50, 0)
    turned = _turned(asked)
    torch.testing.assert_close(turned.norm(dim=1), asked[:, :2].norm(dim=1))
    back = _turned(torch.cat([turned, -asked[:, 2:]], dim=1))
    torch.testing.assert_close(back, asked[:, :2], atol=1e-5, rtol=1e-5)


def test_no_linear_map_can_turn() -> None:
    # the mean of all turns is the zero map, so that the best linear one answers about 0 and errs by the mean square, 1
    assert _linear_error(_asked(4000, 0), _asked(4000, 1)) == pytest.approx(1.0, abs=0.05)


class TestQuick:
    def test_both_rules(self, quick: Quick) -> None:
        found = quick("parameters").result
        assert found["rule_1"] < 1e-12
        assert found["rule_2_linear"] < 1e-12
        assert found["rule_2_order"] == pytest.approx(2, abs=0.05)
        assert found.jump[1, -1] > 1e-4  # where H is curved the second rule does miss
        assert found["sharing"] < 1e-12

    def test_weights_that_depend_on_the_input_do_what_fixed_ones_of_their_number_cannot(self, quick: Quick) -> None:
        written, fixed, linear = np.median(quick("parameters").result.errors, axis=1)
        assert written < 0.5 * fixed < fixed < 0.75 * linear
        entry = quick("parameters").result.finding("hypernetwork")
        assert (entry.value, entry.control, entry.chance) == pytest.approx((written, fixed, linear))
        assert f"{written:.4f} against {fixed:.4f}" in entry.sentence
