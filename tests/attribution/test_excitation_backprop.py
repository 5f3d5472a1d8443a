"""Excitation backprop against the matrices, against LRP, and against what probabilities must do."""

from __future__ import annotations

import numpy as np
import pytest
import torch.nn.functional as F
from tests.attribution import layered as oracle
from tests.attribution.layered import SIDE, layered, shared_out
from tests.attribution.test_lrp import odd

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError
from optogram.testing.attribution import photographs

IMAGE = np.random.default_rng(1).random((2, SIDE, SIDE))
BARE = (oracle.bare_zplus, oracle.bare_zplus, oracle.bare_zplus)


def test_against_the_matrices() -> None:
    net = layered()
    for unit in range(3):
        found = attribute(net, IMAGE, f"head:{unit}", "excitation_backprop", progress=False).values[0]
        expected = shared_out(net, IMAGE, unit, *BARE, start=1.0)
        assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_is_lrp_with_alpha_1_beta_0_and_no_biases_over_the_response() -> None:
    net = layered()
    found = attribute(net, IMAGE, "head:1", "excitation_backprop")
    relevance = attribute(net, IMAGE, "head:1", "lrp", composite="alpha1_beta0", biases=False, epsilon=1e-9)
    np.testing.assert_allclose(found.values * found.responses[0], relevance.values, rtol=1e-4, atol=1e-9)
    with_biases = attribute(net, IMAGE, "head:1", "lrp", composite="alpha1_beta0")
    assert np.abs(with_biases.values - relevance.values).max() > 1e-2 * np.abs(relevance.values).max()


def test_wins_sum_to_one_and_a_contrast_shares_out_the_difference() -> None:
    net = layered()
    found = attribute(net, IMAGE, "head:1", "excitation_backprop")
    assert not found.signed
    assert found.values.sum() == pytest.approx(1, rel=1e-4)
    contrast = attribute(net, IMAGE, "head:1 - head:0", "excitation_backprop")
    other = attribute(net, IMAGE, "head:0", "excitation_backprop")
    expected = (found.values * found.responses[0] - other.values * other.responses[0]) / contrast.responses[0]
    np.testing.assert_allclose(contrast.values, expected, atol=1e-5)
    assert contrast.signed


def test_refused_where_an_operation_has_no_rule() -> None:
    with pytest.raises(NotDefinedError, match="excitation_backprop has no rule for softmax"):
        attribute(odd(lambda x: F.softmax(x, 1)), photographs(1, 3, 8, 8), "head:1", "excitation_backprop")
