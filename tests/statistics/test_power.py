from __future__ import annotations

import math

import numpy as np
import pytest

from optogram.errors import SettingError
from optogram.statistics.correlation import spearman_paired
from optogram.statistics.gate import family_gate, unit_level
from optogram.statistics.identification import wrong_picture
from optogram.statistics.power import (
    discovered,
    effective_patches,
    found,
    identification_rate,
    least_shift,
    least_spearman,
    plan,
)


def test_effective_patches_by_the_spread_of_correlations() -> None:
    """Scores and responses with intraclass correlation .5 each: their product has .25, and unrelated pairs' Spearman spreads accordingly."""
    rng = np.random.default_rng(0)
    shared, own = rng.standard_normal((2, 80, 1, 2000)), rng.standard_normal((2, 80, 4, 2000))
    scores, responses = (np.sqrt(0.5) * (shared + own)).reshape(2, 320, 2000)
    assert 1 / np.var(spearman_paired(scores, responses)) + 1 == pytest.approx(effective_patches(80, 4, 0.25), rel=0.08)


def test_least_spearman_is_found_with_the_stated_chance() -> None:
    rng = np.random.default_rng(1)
    rho = least_spearman(120, tests=20)
    pearson = 2 * np.sin(np.pi / 6 * rho)
    first = rng.standard_normal((120, 2000))
    seen = spearman_paired(first, pearson * first + np.sqrt(1 - pearson**2) * rng.standard_normal((120, 2000)))
    unrelated = spearman_paired(first, rng.standard_normal((120, 2000)))
    threshold = math.tanh(2.8070 / math.sqrt(117))
    assert np.mean(seen > threshold) == pytest.approx(0.8, abs=0.03)
    assert np.mean(unrelated > threshold) == pytest.approx(0.05 / 20, abs=0.004)
    assert least_spearman(5, tests=1000) > 0.99
    assert least_spearman(2) == 1.0


@pytest.mark.parametrize("shift", [1.5, 2.4, 3.2])
def test_share_discovered_and_identified_are_simulated_matrices(shift: float) -> None:
    rng = np.random.default_rng(2)
    shares, rates = [], []
    for _ in range(60):
        seen = wrong_picture(rng.standard_normal((64, 64)) + shift * np.eye(64))
        shares.append(np.mean(seen.q <= 0.05))
        rates.append(seen.rate())
    assert np.mean(shares) == pytest.approx(discovered(shift, 64, 64 * 63), abs=0.06)
    assert np.mean(rates) == pytest.approx(identification_rate(shift), abs=0.04)


def test_chance_and_certainty() -> None:
    assert identification_rate(0.0) == pytest.approx(1 / 32)
    assert identification_rate(math.inf) == 1
    assert discovered(0.0, 64, 64 * 63) == 0
    assert discovered(9.0, 64, 64 * 63) == pytest.approx(1, abs=1e-6)
    assert discovered(9.0, 64, 10) == 0, "no finer than the draws allow"


def test_a_unit_alone_is_found_with_the_stated_chance() -> None:
    rng = np.random.default_rng(3)
    shift = least_shift(39 * 64, 0.05 / 64)
    hits = 0
    for _ in range(400):
        observed = rng.standard_normal(64)
        observed[0] += shift
        hits += bool(unit_level(observed, rng.standard_normal((39, 64))).q[0] <= 0.05)
    assert hits / 400 == pytest.approx(0.8, abs=0.05)
    assert least_shift(19 * 64, 0.05 / 64) == math.inf
    assert least_shift(2 * 64, 0.05 * 0.8) < math.inf


@pytest.mark.parametrize("twins", [19, 39])
def test_the_gate_opens_with_the_stated_chance(twins: int) -> None:
    rng = np.random.default_rng(4)
    shift = least_shift(twins)
    opened = np.mean([family_gate(rng.standard_normal() + shift, rng.standard_normal(twins)).open_at() for _ in range(1500)])
    assert opened == pytest.approx(0.8, abs=0.04)
    assert found(0.0, twins) == pytest.approx(0.05), "exact under the null"


def test_the_gate_of_two_kinds_opens_with_the_stated_chance() -> None:
    rng = np.random.default_rng(5)
    shift, kinds = plan(300, 64, 39, kinds=2).gate, ["reinit", "shuffle"] * 19 + ["reinit"]
    opened = np.mean([family_gate(rng.standard_normal() + shift, rng.standard_normal(39), kinds).open_at() for _ in range(1500)])
    assert opened == pytest.approx(0.8, abs=0.04)
    assert shift > plan(300, 64, 39).gate
    assert plan(300, 64, 37, kinds=2).gate == math.inf


def test_a_plan() -> None:
    few, many = plan(100, 64), plan(700, 64)
    assert few.spearman > many.spearman
    assert few.advantage > many.advantage > many.advantage_together
    assert few.patches == pytest.approx(250)
    assert (few.rate, few.rate_together) == (many.rate, many.rate_together)
    without = plan(100, 64, twins=10)
    assert (without.gate, without.unit) == (math.inf, math.inf)
    assert without.unit_together < math.inf
    assert found(50.0, 10) == 0
    with pytest.raises(SettingError, match="got 3 photographs"):
        plan(3, 64)
