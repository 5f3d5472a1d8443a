from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optogram.errors import SettingError
from optogram.statistics.intervals import clopper_pearson
from optogram.statistics.multiplicity import METHODS, adjust, check_order

MCDONALD = np.fromstring(
    ".001 .008 .039 .041 .042 .060 .074 .205 .212 .216 .222 .251 .269 .275 .34 .341 .384 .569 .594 .696 .762 .94 .942 .975 .986", sep=" "
)
families = st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=40).map(np.array)


def slow(p: np.ndarray, method: str) -> np.ndarray:
    """Each adjusted p as the least level at which the procedure, followed step by step, rejects that hypothesis."""
    m = len(p)
    harmonic = sum(1 / k for k in range(1, m + 1)) if method == "benjamini_yekutieli" else 1.0
    nulls = min(1.0, (1 + sum(x > 0.5 for x in p)) / (m / 2)) if method == "storey" else 1.0
    adjusted = []
    for own in p:
        if method == "bonferroni":
            level = own * m
        elif method == "holm":
            level = max((m - sum(y < x for y in p)) * x for x in p if x <= own)
        else:
            level = min(nulls * harmonic * m * x / sum(y <= x for y in p) for x in p if x >= own)
        adjusted.append(min(1.0, max(level, own)))
    return np.array(adjusted)


def test_mcdonald_six_stand_by_the_step_up_rule() -> None:
    q = adjust(MCDONALD)
    assert (q <= 0.25).sum() == 6
    lines = 0.25 * np.arange(1, 26) / 25
    assert list(np.flatnonzero(MCDONALD[:6] > lines[:6]) + 1) == [3, 4]
    assert (adjust(MCDONALD, "bonferroni") <= 0.05).sum() == 1
    assert (adjust(MCDONALD, "holm") <= 0.05).sum() == 1


@pytest.mark.parametrize("method", METHODS)
@given(p=families)
def test_every_method_is_its_definition(method: str, p: np.ndarray) -> None:
    np.testing.assert_allclose(adjust(p, method), slow(p, method), rtol=1e-10)


@pytest.mark.parametrize("method", METHODS)
@given(p=families, seed=st.integers(0, 9))
def test_not_tested_passes_through_and_does_not_count(method: str, p: np.ndarray, seed: int) -> None:
    mixed = np.insert(p, np.random.default_rng(seed).integers(0, len(p) + 1, size=3), np.nan)
    q = adjust(mixed, method)
    np.testing.assert_array_equal(np.isnan(q), np.isnan(mixed))
    np.testing.assert_array_equal(q[~np.isnan(q)], adjust(p, method))


@given(p=families)
def test_order_of_the_methods(p: np.ndarray) -> None:
    q = {name: adjust(p, name) for name in METHODS}
    for name in METHODS:
        check_order(0.0, p, q[name])
        order = np.argsort(p, kind="stable")
        assert (np.diff(q[name][order]) >= -1e-12).all()
    slack = 1e-12
    assert (q["storey"] <= q["benjamini_hochberg"] + slack).all()
    assert (q["benjamini_hochberg"] <= q["holm"] + slack).all()
    assert (q["holm"] <= q["bonferroni"] + slack).all()
    assert (q["benjamini_hochberg"] <= q["benjamini_yekutieli"] + slack).all()


def test_shapes_are_kept_and_a_matrix_is_one_family() -> None:
    p = MCDONALD[:24].reshape(4, 6)
    np.testing.assert_array_equal(adjust(p), adjust(p.ravel()).reshape(4, 6))
    assert np.isnan(adjust(np.full((2, 3), np.nan))).all()
    assert adjust(np.zeros(0)).shape == (0,)


def test_false_discoveries_stay_below_the_level() -> None:
    rng = np.random.default_rng(0)
    shares = {name: [] for name in ("benjamini_hochberg", "storey")}
    family_wise = dict.fromkeys(("holm", "bonferroni"), 0)
    for _ in range(500):
        z = rng.standard_normal(60) + np.where(np.arange(60) < 15, 2.5, 0)
        p = stats.norm.sf(z)
        for name, share in shares.items():
            found = adjust(p, name) <= 0.1
            share.append(found[15:].sum() / max(1, found.sum()))
        for name in family_wise:
            family_wise[name] += (adjust(p, name)[15:] <= 0.05).any()
    assert np.mean(shares["benjamini_hochberg"]) == pytest.approx(0.1 * 45 / 60, abs=0.012)
    assert np.mean(shares["storey"]) == pytest.approx(0.1, abs=0.02)
    assert all(clopper_pearson(count, 500).low <= 0.05 for count in family_wise.values())


def test_any_dependence_is_no_danger_to_benjamini_yekutieli() -> None:
    """Each test's rival is its mirror image, so the dependence is negative in pairs; all nulls are true, so a discovery is a false family."""
    rng = np.random.default_rng(1)
    false = {"benjamini_yekutieli": 0, "benjamini_hochberg": 0}
    for _ in range(1000):
        half = rng.standard_normal(5)
        p = stats.norm.sf(np.concatenate([half, -half]))
        for name in false:
            false[name] += (adjust(p, name) <= 0.1).any()
    assert clopper_pearson(false["benjamini_yekutieli"], 1000).low <= 0.1
    assert false["benjamini_yekutieli"] / 1000 == pytest.approx(0.1 / sum(1 / k for k in range(1, 11)), abs=0.015)


def test_dependence_that_breaks_benjamini_hochberg() -> None:
    """The worst there is (Guo & Rao 2008): p that make every step-up line touched at once; only Benjamini-Yekutieli holds the level."""
    rng = np.random.default_rng(2)
    m, level, trials = 10, 0.1, 2000
    lines = level * np.arange(1, m + 1) / m
    chances = level / np.arange(1, m + 1)
    false = {"benjamini_yekutieli": 0, "benjamini_hochberg": 0}
    for _ in range(trials):
        place = int(np.searchsorted(np.cumsum(chances), rng.uniform()))
        low = lines[place - 1] if place else 0.0
        p = rng.uniform(lines[-1], 1, m)
        if place < m:
            p[rng.choice(m, place + 1, replace=False)] = rng.uniform(low, lines[place], place + 1)
        for name in false:
            false[name] += (adjust(p, name) <= level).any()
    assert false["benjamini_hochberg"] / trials == pytest.approx(level * sum(1 / k for k in range(1, m + 1)), abs=0.03)
    assert clopper_pearson(false["benjamini_yekutieli"], trials).low <= level


def test_errors_say_the_rule() -> None:
    with pytest.raises(SettingError, match="Nearest: benjamini_hochberg"):
        adjust(MCDONALD, "benjamini")
    with pytest.raises(SettingError, match=r"0\.\.1; got -0\.1 to 2"):
        adjust(np.array([-0.1, 2.0]))
    with pytest.raises(SettingError, match="1 of 2 have q below its p"):
        check_order(0.01, np.array([0.02, 0.5]), np.array([0.02, 0.4]))
    with pytest.raises(SettingError, match="1 of 2 have p below its floor"):
        check_order(0.03, np.array([0.02, 0.5]), np.array([0.04, 0.5]))
    check_order(0.03, np.array([np.nan, 0.5]), np.array([np.nan, 0.5]))
