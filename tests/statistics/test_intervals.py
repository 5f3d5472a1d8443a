from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from optogram.errors import InputError, SettingError
from optogram.statistics.intervals import bootstrap, bootstrap_mean, clopper_pearson, group_index, jackknife, wilson


def clustered(rng: np.random.Generator, photographs: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Four probes a photograph, intraclass correlation .5; mean 0."""
    shared, own = rng.standard_normal((photographs, 1, columns)), rng.standard_normal((photographs, 4, columns))
    values = np.sqrt(0.5) * (shared + own)
    return values.reshape(-1, columns), np.repeat(np.arange(photographs), 4)


@pytest.mark.parametrize(("hits", "count"), [(0, 20), (1, 20), (7, 20), (20, 20), (48, 1000)])
def test_proportions_are_scipys(hits: int, count: int) -> None:
    for ours, name in ((clopper_pearson(hits, count), "exact"), (wilson(hits, count), "wilson")):
        theirs = stats.binomtest(hits, count).proportion_ci(0.95, method=name)
        assert (float(ours.low), float(ours.high)) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
        assert float(ours.low) <= float(ours.estimate) <= float(ours.high)


def test_proportions_of_arrays() -> None:
    both = clopper_pearson(np.array([0, 5]), np.array([10, 10]), level=0.9)
    assert both.low.shape == (2,)
    assert float(both.high[1]) == pytest.approx(float(clopper_pearson(5, 10, level=0.9).high))


def test_bca_of_independent_samples_is_scipys() -> None:
    values = np.random.default_rng(0).exponential(size=60)
    ours = bootstrap(lambda chosen: values[chosen].std(), np.arange(60), resamples=4000)
    theirs = stats.bootstrap((values,), np.std, n_resamples=4000, method="BCa", rng=np.random.default_rng(1), vectorized=True)
    assert float(ours.low) == pytest.approx(theirs.confidence_interval.low, rel=0.03)
    assert float(ours.high) == pytest.approx(theirs.confidence_interval.high, rel=0.03)
    plain = bootstrap(lambda chosen: values[chosen].std(), np.arange(60), resamples=4000, method="percentile")
    other = stats.bootstrap((values,), np.std, n_resamples=4000, method="percentile", rng=np.random.default_rng(1), vectorized=True)
    assert float(plain.low) == pytest.approx(other.confidence_interval.low, rel=0.03)
    assert float(plain.high) < float(ours.high), "a spread is biased low and skew: BCa moves the interval up"


def test_same_seed_same_interval_and_every_value_of_an_array_its_own() -> None:
    values, groups = clustered(np.random.default_rng(2), 30, 3)
    both = bootstrap(lambda chosen: values[chosen].mean(axis=0), groups, resamples=300, seed=5)
    again = bootstrap(lambda chosen: values[chosen].mean(axis=0), groups, resamples=300, seed=5)
    one = bootstrap(lambda chosen: values[chosen, 1].mean(), groups, resamples=300, seed=5)
    np.testing.assert_array_equal(both.low, again.low)
    assert float(both.low[1]) == pytest.approx(float(one.low))
    assert (both.low <= both.estimate).all()
    assert (both.high >= both.estimate).all()


def test_means_by_one_product_are_the_means_drawn_one_by_one() -> None:
    values, groups = clustered(np.random.default_rng(3), 40, 2)
    uneven = np.r_[np.arange(0, 60, 4), np.arange(60, 160)]
    values, groups = 3 + values[uneven], np.array([f"photo {group}" for group in groups[uneven]])
    quick = bootstrap_mean(values, groups, resamples=6000)
    slow = bootstrap(lambda chosen: values[chosen].mean(axis=0), groups, resamples=6000, method="percentile")
    np.testing.assert_allclose(quick.low, slow.low, atol=0.03)
    np.testing.assert_allclose(quick.high, slow.high, atol=0.03)


def test_groups_matter_and_coverage_is_nominal() -> None:
    values, groups = clustered(np.random.default_rng(4), 40, 2500)
    by_photograph, by_patch = bootstrap_mean(values, groups, resamples=800), bootstrap_mean(values, np.arange(len(values)), resamples=800)
    assert np.mean((by_photograph.low <= 0) & (by_photograph.high >= 0)) == pytest.approx(0.945, abs=0.02)
    assert np.mean((by_patch.low <= 0) & (by_patch.high >= 0)) < 0.85
    subsets = jackknife(lambda chosen: values[chosen].mean(axis=0), groups)
    assert np.mean((subsets.low <= 0) & (subsets.high >= 0)) == pytest.approx(0.95, abs=0.02)


def test_coverage_for_a_biased_statistic() -> None:
    """Variance of 20 normals, which is biased low and skew, at nominal 95 %: percentile .82, BCa .88."""
    values = np.random.default_rng(5).standard_normal((20, 1500))
    covered = {}
    for method in ("percentile", "bca"):
        limits = bootstrap(lambda chosen: values[chosen].var(axis=0), np.arange(20), resamples=500, method=method)
        covered[method] = np.mean((limits.low <= 1) & (limits.high >= 1))
    assert covered["percentile"] == pytest.approx(0.825, abs=0.025)
    assert covered["bca"] == pytest.approx(0.885, abs=0.025)


def test_the_jackknifes_error_of_a_mean_is_the_closed_form() -> None:
    values, groups = clustered(np.random.default_rng(6), 60, 400)
    means = values.reshape(60, 4, 400).mean(axis=1)
    many = jackknife(lambda chosen: values[chosen].mean(axis=0), groups, subsets=60)
    half = stats.t.ppf(0.975, 59) * means.std(axis=0, ddof=1) / np.sqrt(60)
    assert np.mean((many.high - many.estimate) / half) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("extreme", ["maximum", "top nine", "least"])
def test_no_plain_bootstrap_for_extremes(extreme: str) -> None:
    values = np.random.default_rng(7).standard_normal(200)
    statistic = {
        "maximum": lambda chosen: values[chosen].max(),
        "top nine": lambda chosen: np.sort(values[chosen])[-9:].mean(),
        "least": lambda chosen: [values[chosen].mean(), values[chosen].min()],
    }[extreme]
    with pytest.raises(SettingError, match="no plain bootstrap for extremes"):
        bootstrap(statistic, np.arange(200), resamples=10)


def test_why_extremes_are_refused() -> None:
    """In 63 % of resamples the maximum is the sample's own, so its interval ends there and never covers what lies beyond."""
    rng = np.random.default_rng(8)
    values = rng.random((2000, 50))
    drawn = np.stack([row[rng.integers(50, size=50)].max() for row in values])
    assert np.mean(drawn == values.max(axis=1)) == pytest.approx(1 - np.exp(-1), abs=0.04)


@pytest.mark.parametrize("smooth", ["mean", "median of many zeros", "share above", "all push it up", "mean of a class", "zeros"])
def test_what_is_no_extreme_is_not_refused(smooth: str) -> None:
    values = np.maximum(np.random.default_rng(9).standard_normal(100) - 0.8, 0)
    marked = np.arange(100) < 15
    statistic = {
        "mean": lambda chosen: values[chosen].mean(),
        "median of many zeros": lambda chosen: np.median(values[chosen]),
        "share above": lambda chosen: (values[chosen] > 1).mean(),
        "all push it up": lambda chosen: np.exp(values[chosen]).sum(),
        "mean of a class": lambda chosen: values[chosen][marked[chosen]].mean(),
        "zeros": lambda chosen: 0.0,
    }[smooth]
    limits = bootstrap(statistic, np.arange(100), resamples=50)
    assert np.isfinite([limits.low, limits.high]).all()


def test_too_few_photographs() -> None:
    with pytest.raises(InputError, match="at least three"):
        bootstrap(lambda chosen: 0.0, np.array([0, 0, 1, 1]))
    with pytest.raises(InputError, match="at least three"):
        jackknife(lambda chosen: 0.0, np.array([0, 0, 1]))
    with pytest.raises(InputError, match="3 groups for 4 samples"):
        group_index(np.arange(3), 4)
