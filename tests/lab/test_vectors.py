from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optogram.lab.vectors import projection, standardised, unit_length, vectors

Quick = Callable[[str], Any]


def test_identities_by_hand() -> None:
    x = np.array([3.0, -4.0, 1.0, 0.0])
    assert standardised(x).mean() == pytest.approx(0)
    assert standardised(x).std() == pytest.approx(1)
    assert np.linalg.norm(unit_length(x)) == pytest.approx(1)
    np.testing.assert_allclose(projection(np.array([3.0, 4.0]), np.array([2.0, 0.0])), [3.0, 0.0])
    np.testing.assert_allclose(projection(projection(x, x + 1), x + 1), projection(x, x + 1))


class TestQuick:
    def test_identities(self, quick: Quick) -> None:
        found = quick("vectors").result
        assert found["flattened"] == 1
        assert max(found[name] for name in ("sd", "normalised", "orthogonal")) < 1e-10
        assert found["no_bias"] < 1e-5 < 1e-2 < found.finding("no_bias").control

    def test_scaled_copies(self, quick: Quick) -> None:
        found = quick("vectors").result
        assert found["scaled_normalised"] == 0
        assert found.finding("scaled_plain").low > 0
        assert found["scaled_no_bias"] == 0

    def test_the_networks_that_scaled_copies_are_shown_to_have_learned(self, quick: Quick) -> None:
        found = quick("vectors").result
        for name in ("scaled_normalised", "scaled_plain", "scaled_no_bias"):
            right = re.search(r"names (\d+) of (\d+) new pictures", found.finding(name).sentence)
            assert right
            assert int(right[1]) > 0.75 * int(right[2])  # chance is a half

    def test_fifty_starts_by_default_twenty_when_quick(self, quick: Quick) -> None:
        assert inspect.signature(vectors).parameters["starts"].default >= 50
        found = quick("vectors").result
        assert found.dead.shape == found.dead_trained.shape == (len(found.means), 20)
        assert len(np.unique(found.dead[-1])) > 3, "every start is its own network"

    def test_units_die_where_inputs_have_a_mean(self, quick: Quick) -> None:
        found = quick("vectors").result
        dead, always = found.dead.mean(axis=1), found.always_on.mean(axis=1)
        assert dead[0] < 0.001
        assert (np.diff(dead) >= 0).all()
        assert dead[-1] == pytest.approx(always[-1], abs=0.03)
        assert dead[-1] == pytest.approx(0.5, abs=0.15)
        assert np.corrcoef(found.dead[-1], found.always_on[-1])[0, 1] < -0.3, "the more units of a start are dead, the fewer are always on"
        assert found["dead_trained"] > found.finding("dead_trained").control
        entry = found.finding("dead_far")
        assert (entry.value, entry.control) == pytest.approx((dead[-1], dead[0]), abs=1e-4)
        assert entry.low < dead[-1] < entry.high


def test_far_away_half_of_the_units_are_dead_and_half_always_on() -> None:
    # sign of the sum of a unit's weights decides: half are below zero
    import torch

    from optogram.lab._stack import drawn

    on = drawn((50, 2000, 2), 1, 0).layers(torch.randn(40, 50) + 1000)[0][0] > 0
    assert float((~on.any(dim=0)).float().mean()) == pytest.approx(0.5, abs=0.04)
    assert float(on.all(dim=0).float().mean()) == pytest.approx(0.5, abs=0.04)
