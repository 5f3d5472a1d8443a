from __future__ import annotations

import numpy as np
import pytest

from optogram.evidence._claim import Measured
from optogram.evidence._line_up import LINE_UP, measured, rate, won
from optogram.statistics.gate import family_gate, unit_level
from optogram.statistics.identification import centred_and_scaled, margins_among
from optogram.statistics.intervals import clopper_pearson


def noise(rng: np.random.Generator, units: int, living: int) -> np.ndarray:
    """A wrong-picture matrix with nothing in it; units beyond `living` are dead."""
    matrix = rng.standard_normal((units, units))
    matrix[living:] = matrix[:, living:] = np.nan
    return matrix


def opened(trials: int, own_length: bool, living: int = 9, units: int = 32, twins: int = 19) -> int:
    """How often the gate of a network with dead units opens beside twins that live, where there is nothing to find."""
    rng = np.random.default_rng(4)
    count = 0
    for _ in range(trials):
        network = measured(noise(rng, units, living))
        others = [measured(noise(rng, units, units), None if own_length else network) for _ in range(twins)]
        families = won(network, others)
        observed, reference = families.observed, families.twins
        if own_length:
            observed, reference = rate(network, living), np.array([rate(other, LINE_UP) for other in others])
        count += family_gate(observed, reference).p <= 0.05
    return count


def test_a_network_with_dead_units_opens_its_gate_no_more_often_than_it_may() -> None:
    trials = 40
    assert clopper_pearson(opened(trials, own_length=False), trials).low <= 0.05


def test_a_line_up_of_each_networks_own_length_would_open_it() -> None:
    """The fault that the common length mends; and proof that the calibration above can fail."""
    trials = 60
    assert clopper_pearson(opened(trials, own_length=True), trials).low > 0.3


def test_the_shortest_line_up_serves_all() -> None:
    rng = np.random.default_rng(0)
    few, many = measured(noise(rng, 64, 20)), measured(noise(rng, 64, 64))
    for network, twin in ((few, many), (many, few)):
        families = won(network, [twin, twin])
        assert families.said == "of line-ups of 20 won"
        assert families.observed == pytest.approx(rate(network, 20))
        np.testing.assert_allclose(families.twins, rate(twin, 20))
    assert won(many, [many]).said == "of line-ups of 32 won"


def test_a_longer_family_alone_is_not_enough() -> None:
    """With one length of line-up but rates over all units, nine of them vary more than thirty-two: the gate would open too often."""
    rng = np.random.default_rng(4)
    count = 0
    for _ in range(60):
        network = measured(noise(rng, 32, 9))
        count += family_gate(rate(network, 9), np.array([rate(measured(noise(rng, 32, 32)), 9) for _ in range(19)])).p <= 0.05
    assert clopper_pearson(count, 60).low > 0.05


def test_too_few_living_units_are_no_family() -> None:
    rng = np.random.default_rng(0)
    hardly, many = measured(noise(rng, 64, 7)), measured(noise(rng, 64, 64))
    assert np.isnan(won(hardly, [many]).observed)
    families = won(many, [hardly, many])
    assert np.isnan(families.twins[0])
    assert families.said == "of line-ups of 32 won", "who is left out has no say in the length"
    small = measured(noise(rng, 5, 3))
    assert np.isfinite(won(small, [small]).observed), "three of five are more than half"
    assert np.isnan(won(measured(noise(rng, 5, 2)), [small]).observed)


def margins_beyond(among: int | None, reach: float, seed: int) -> float:
    """The share of a 64-unit network's margins of noise beyond `reach`."""
    rng = np.random.default_rng(seed)
    like = measured(noise(rng, 64, among)) if among else None
    return float(np.mean([measured(noise(rng, 64, 64), like).effect > reach for _ in range(60)]))


def test_margins_compare_among_equally_many() -> None:
    """Among few, margins have heavier tails: twins are given the same ones."""
    rng = np.random.default_rng(1)
    few = np.concatenate([measured(noise(rng, 64, 8)).effect[:8] for _ in range(320)])
    reach = float(np.quantile(few, 0.98))
    assert margins_beyond(8, reach, 2) == pytest.approx(0.02, abs=0.006)
    assert margins_beyond(None, reach, 2) < 0.01


def test_margins_among_as_many_as_there_are_are_the_margins() -> None:
    matrix = noise(np.random.default_rng(3), 24, 20)
    expected = np.full(24, np.nan)
    expected[:20] = np.diagonal(centred_and_scaled(matrix[:20, :20]))
    for size in (20, 32):
        np.testing.assert_allclose(margins_among(matrix, size), expected)
    one_by_one = np.array([np.isfinite(value) for value in margins_among(matrix, 8)])
    assert one_by_one.tolist() == [True] * 20 + [False] * 4, "the last group is filled up, nobody is left out"


def test_units_of_a_network_with_dead_ones_are_not_found_by_that_alone() -> None:
    rng = np.random.default_rng(5)
    trials, claims = 20, 0
    for _ in range(trials):
        network = measured(noise(rng, 48, 9))
        twins = np.stack([measured(noise(rng, 48, 48), network).effect for _ in range(21)])
        claims += bool((unit_level(network.effect, twins).q <= 0.05).any())
    assert clopper_pearson(claims, trials).low <= 0.05


def test_a_measure_that_has_no_p_is_not_tested() -> None:
    one = Measured(np.array([1.0, np.nan]), np.array([np.nan, 0.5]), np.array([0, 0]), 5, 1 / 6)
    assert one.units == 0
